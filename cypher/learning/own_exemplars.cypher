// Which of the prompts that learned patterns keep are those of a trace that taught the pattern and that the reader may see.
// access: read
// parameters: rows, reader
// returns: exemplar_id
UNWIND $rows AS row
MATCH (l:LearnedPattern {pattern_id: row.pattern_id})<-[:TAUGHT]-(t:Trace)
WHERE t.prompt_text = row.text AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
RETURN DISTINCT row.exemplar_id AS exemplar_id
