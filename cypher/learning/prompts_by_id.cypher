// Prompts, each with whether its pattern is matched, and with its vector by a model (null: there is none, or none was asked for), and with
// its text where that vector lacks, or all texts are wanted.
// access: read
// parameters: rows, texts, vectors
// returns: exemplar_id, pattern_id, action, active, text, vector
UNWIND $rows AS row
MATCH (x:Exemplar {exemplar_id: row.exemplar_id})
OPTIONAL MATCH (e:PromptEmbedding {embedding_id: row.embedding_id})
OPTIONAL MATCH (l:LearnedPattern {pattern_id: x.pattern_id})
RETURN x.exemplar_id AS exemplar_id, x.pattern_id AS pattern_id, x.action AS action, coalesce(l.standing, '') = 'active' AS active,
  CASE WHEN $texts OR e IS NULL THEN x.text END AS text, CASE WHEN $vectors THEN e.vector END AS vector
