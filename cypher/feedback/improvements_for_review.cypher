// One page of the improvements that wait for a reviewer, of one pattern or of all (null), the oldest first, after a time key: found by
// their statuses, one after the other, which an index serves. One whose candidate somebody has rejected waits for nobody.
// access: read
// parameters: statuses, pattern_id, after, limit
// returns: improvement
UNWIND $statuses AS status
MATCH (i:Improvement {status: status})
WHERE i.time_key > $after AND ($pattern_id IS NULL OR i.pattern_id = $pattern_id)
MATCH (v:PatternVersion {node_id: i.candidate_node_id})
WHERE v.status <> 'rejected'
RETURN properties(i) AS improvement
ORDER BY i.time_key
LIMIT $limit
