// Takes away vectors that other models have made.
// access: write
// parameters: model_id, limit
// returns: gone
MATCH (e:PromptEmbedding)
WHERE e.model_id <> $model_id
WITH e LIMIT $limit
DETACH DELETE e
RETURN count(*) AS gone
