// Runs by id, with the design that they may have already.
// access: read
// parameters: after, limit
// returns: key, design
MATCH (f:FeedbackRun)
WHERE f.run_id > $after
RETURN f.run_id AS key, f.design AS design
ORDER BY f.run_id
LIMIT $limit
