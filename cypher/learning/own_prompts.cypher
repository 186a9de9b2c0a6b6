// Which of some learned patterns were taught by a trace with this very prompt that the reader may see.
// access: read
// parameters: rows, reader
// returns: pattern_id
UNWIND $rows AS row
MATCH (l:LearnedPattern {pattern_id: row.pattern_id})<-[:TAUGHT]-(t:Trace)
WHERE t.prompt_text = row.text AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
RETURN DISTINCT row.pattern_id AS pattern_id
