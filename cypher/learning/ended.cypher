// Those of some traces that can teach: prompts of persons that are over.
// access: read
// parameters: correlation_ids, prompted
// returns: correlation_id
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE t.source = $prompted AND t.agent_id IS NULL AND t.status <> 'in_progress' AND t.prompt_text IS NOT NULL
RETURN t.correlation_id AS correlation_id
