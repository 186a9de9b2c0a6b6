// The endpoint calls of traces: those made from hook executions and those made straight from the trace.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, call
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
RETURN id AS correlation_id, properties(c) AS call
LIMIT $limit
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
RETURN id AS correlation_id, properties(c) AS call
LIMIT $limit
