// Failed traces whose prompts ask for the same to be done and wait for the first success of their kind, with these prompts.
// access: read
// parameters: above, below, limit, characters
// returns: correlation_id, prompt_text
MATCH (k:TaughtTrace)
WHERE k.sample_key > $above AND k.sample_key < $below
WITH k
LIMIT $limit
MATCH (t:Trace {correlation_id: k.correlation_id})
WHERE t.prompt_text IS NOT NULL
RETURN t.correlation_id AS correlation_id, substring(t.prompt_text, 0, $characters) AS prompt_text
