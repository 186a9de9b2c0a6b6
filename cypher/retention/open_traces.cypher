// Traces in progress that began between two keys, oldest first.
// access: read
// parameters: after, before, limit
// returns: key, correlation_id
MATCH (t:Trace)
WHERE t.open_key > $after AND t.open_key < $before
RETURN t.open_key AS key, t.correlation_id AS correlation_id
ORDER BY t.open_key
LIMIT $limit
