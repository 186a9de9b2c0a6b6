// Subagents of hook executions of some traces, that still hang at others.
// access: read
// parameters: correlation_ids
// returns: properties
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
MATCH (t)-[:RAN]->(:HookExecution)-[:SPAWNED]->(child:Trace)
WHERE child.parent_id <> id
RETURN properties(child) AS properties
