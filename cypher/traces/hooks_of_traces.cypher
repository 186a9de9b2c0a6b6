// The hook executions of traces, in lists of at most 200: on the way to us, a row costs more than what is in it, and one that
// holds all of a large trace holds us up.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, hooks
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WITH id, h
LIMIT $limit
WITH id, collect(properties(h)) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN id AS correlation_id, every[begin..begin + 200] AS hooks
