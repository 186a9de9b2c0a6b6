// Traces by id.
// access: read
// parameters: after, limit
// returns: key
MATCH (t:Trace)
WHERE t.correlation_id > $after
RETURN t.correlation_id AS key
ORDER BY t.correlation_id
LIMIT $limit
