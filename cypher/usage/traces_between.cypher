// The traces that began between two keys, at most so many.
// access: read
// parameters: above, before, limit
// returns: correlation_id
MATCH (t:Trace)
WHERE t.time_key >= $above AND t.time_key < $before
RETURN t.correlation_id AS correlation_id
LIMIT $limit
