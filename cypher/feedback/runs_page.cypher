// One page of runs, newest first, before a time key.
// access: read
// parameters: before, status, limit
// returns: run
MATCH (r:FeedbackRun)
WHERE r.time_key < $before AND ($status IS NULL OR r.status = $status)
RETURN properties(r) AS run
ORDER BY r.time_key DESC
LIMIT $limit
