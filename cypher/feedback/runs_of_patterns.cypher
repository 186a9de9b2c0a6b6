// One page of the runs of each of some patterns, newest first, before a time key. The key begins with the pattern and goes on
// with the time, so that one index serves both filter and order.
// access: read
// parameters: pattern_ids, before, status, limit
// returns: pattern_id, run
UNWIND $pattern_ids AS id
CALL {
  WITH id
  MATCH (r:FeedbackRun)
  WHERE r.pattern_key >= id + '|' AND r.pattern_key < id + '|' + $before AND ($status IS NULL OR r.status = $status)
  RETURN r
  ORDER BY r.pattern_key DESC
  LIMIT $limit
}
RETURN id AS pattern_id, properties(r) AS run
