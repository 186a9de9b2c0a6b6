// The traces of the subagents that work for prompts.
// access: read
// parameters: root_ids
// returns: properties
UNWIND $root_ids AS id
MATCH (t:Trace {root_id: id})
WHERE t.agent_id IS NOT NULL
RETURN properties(t) AS properties
