// Traces that began after a key, in the order of time.
// access: read
// parameters: after, limit
// returns: correlation_id
MATCH (t:Trace)
WHERE t.time_key > $after
RETURN t.correlation_id AS correlation_id
ORDER BY t.time_key
LIMIT $limit
