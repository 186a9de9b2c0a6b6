// One page of the improvements that wait for a reviewer, of one pattern or of all (null), the oldest first, after a time key: found by
// their statuses, one after the other, which an index serves.
// access: read
// parameters: statuses, pattern_id, after, limit
// returns: improvement
UNWIND $statuses AS status
MATCH (i:Improvement {status: status})
WHERE i.time_key > $after AND ($pattern_id IS NULL OR i.pattern_id = $pattern_id)
RETURN properties(i) AS improvement
ORDER BY i.time_key
LIMIT $limit
