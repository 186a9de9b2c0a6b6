// The hook executions of traces. They come as one row for each trace: on the way to us, a row costs more than what is in it.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, hooks
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WITH id, h
LIMIT $limit
RETURN id AS correlation_id, collect(properties(h)) AS hooks
