// The prompts of traces, as far as they are kept.
// access: read
// parameters: correlation_ids
// returns: correlation_id, prompt_text
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE t.prompt_text IS NOT NULL
RETURN id AS correlation_id, t.prompt_text AS prompt_text
