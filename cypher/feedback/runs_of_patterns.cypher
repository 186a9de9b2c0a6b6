// One page of the runs of each of some patterns, newest first, before a time key.
// access: read
// parameters: pattern_ids, before, status, limit
// returns: pattern_id, run
UNWIND $pattern_ids AS id
CALL {
  WITH id
  MATCH (:Pattern {pattern_id: id})<-[:ON]-(r:FeedbackRun)
  WHERE r.time_key < $before AND ($status IS NULL OR r.status = $status)
  RETURN r
  ORDER BY r.time_key DESC
  LIMIT $limit
}
RETURN id AS pattern_id, properties(r) AS run
