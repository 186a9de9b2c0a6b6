// Learned patterns and whether they are matched, each with its prompts, and their vectors by a model (null: there is none).
// access: read
// parameters: pattern_ids, model_id
// returns: pattern_id, active, exemplar_id, action, text, vector
UNWIND $pattern_ids AS id
MATCH (l:LearnedPattern {pattern_id: id})
OPTIONAL MATCH (x:Exemplar)-[:EXEMPLIFIES]->(l)
OPTIONAL MATCH (e:PromptEmbedding {model_id: $model_id})-[:EMBEDS]->(x)
RETURN id AS pattern_id, l.standing = 'active' AS active, x.exemplar_id AS exemplar_id, x.action AS action, x.text AS text,
  e.vector AS vector
