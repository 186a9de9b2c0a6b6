// One page of the improvements of each of some patterns, newest first, before a time key.
// access: read
// parameters: pattern_ids, before, status, limit
// returns: pattern_id, improvement
UNWIND $pattern_ids AS id
CALL {
  WITH id
  MATCH (:Pattern {pattern_id: id})<-[:ON]-(i:Improvement)
  WHERE i.time_key < $before AND ($status IS NULL OR i.status = $status)
  RETURN i
  ORDER BY i.time_key DESC
  LIMIT $limit
}
RETURN id AS pattern_id, properties(i) AS improvement
