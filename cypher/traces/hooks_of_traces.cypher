// The hook executions of traces.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, hook
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
RETURN id AS correlation_id, properties(h) AS hook
LIMIT $limit
