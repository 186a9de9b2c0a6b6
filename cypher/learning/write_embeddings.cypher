// Keeps vectors of prompts by a model.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (x:Exemplar {exemplar_id: row.exemplar_id})
MERGE (e:PromptEmbedding {embedding_id: row.embedding_id})
SET e.exemplar_id = row.exemplar_id, e.model_id = row.model_id, e.dimension = row.dimension, e.vector = row.vector
MERGE (e)-[:EMBEDS]->(x)
RETURN count(e) AS written
