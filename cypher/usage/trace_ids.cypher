// Traces by id.
// access: read
// parameters: after, limit
// returns: correlation_id
MATCH (t:Trace)
WHERE t.correlation_id > $after
RETURN t.correlation_id AS correlation_id
ORDER BY t.correlation_id
LIMIT $limit
