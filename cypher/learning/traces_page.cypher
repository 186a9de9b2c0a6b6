// Traces by id, and whether they can teach: prompts of persons that are over.
// access: read
// parameters: after, limit, prompted
// returns: correlation_id, teaches
MATCH (t:Trace)
WHERE t.correlation_id > $after
WITH t
ORDER BY t.correlation_id
LIMIT $limit
RETURN t.correlation_id AS correlation_id,
       t.source = $prompted AND t.agent_id IS NULL AND t.status <> 'in_progress' AND t.prompt_text IS NOT NULL AS teaches
ORDER BY correlation_id
