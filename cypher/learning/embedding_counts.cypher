// How many prompts there are (model null), and how many of them each model has embedded.
// access: read
// parameters: nothing
// returns: model_id, prompts
MATCH (x:Exemplar)
RETURN null AS model_id, count(x) AS prompts
UNION ALL
MATCH (e:PromptEmbedding)
RETURN e.model_id AS model_id, count(e) AS prompts
