// The endpoint calls of traces, one row for each trace and way: those made from hook executions, and those made straight from
// the trace.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, calls
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
RETURN id AS correlation_id, collect(properties(c)) AS calls
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
RETURN id AS correlation_id, collect(properties(c)) AS calls
