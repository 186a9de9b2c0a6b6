// Traces that no other trace has spawned and that began between two keys, oldest first.
// access: read
// parameters: after, before, limit
// returns: key, correlation_id
MATCH (t:Trace)
WHERE t.time_key > $after AND t.time_key < $before AND t.parent_id IS NULL
RETURN t.time_key AS key, t.correlation_id AS correlation_id
ORDER BY t.time_key
LIMIT $limit
