// Traces by id, with what says whether they are in progress.
// access: read
// parameters: after, limit
// returns: key, status, time_key
MATCH (t:Trace)
WHERE t.correlation_id > $after
RETURN t.correlation_id AS key, t.status AS status, t.time_key AS time_key
ORDER BY t.correlation_id
LIMIT $limit
