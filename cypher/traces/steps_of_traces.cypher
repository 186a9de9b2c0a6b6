// The hook executions ('step') and endpoint calls ('call') of traces, calls made from hook executions and those made straight from
// the trace, in lists of at most 200: on the way to us, a row costs more than what is in it, and one that holds all of a large trace
// holds us up.
// access: read
// parameters: correlation_ids, limit
// returns: kind, correlation_id, steps
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WITH id, h
LIMIT $limit
WITH id, collect(properties(h)) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN 'step' AS kind, id AS correlation_id, every[begin..begin + 200] AS steps
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
WITH id, collect(properties(c)) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN 'call' AS kind, id AS correlation_id, every[begin..begin + 200] AS steps
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
WITH id, collect(properties(c)) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN 'call' AS kind, id AS correlation_id, every[begin..begin + 200] AS steps
