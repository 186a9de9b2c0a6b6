// The endpoint calls of traces, those made from hook executions and those made straight from the trace, in lists as in
// hooks_of_traces.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, calls
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
WITH id, collect(properties(c)) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN id AS correlation_id, every[begin..begin + 200] AS calls
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
WITH id, collect(properties(c)) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN id AS correlation_id, every[begin..begin + 200] AS calls
