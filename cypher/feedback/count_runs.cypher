// How many runs began between two time keys (over a pattern, if one is named), by status.
// access: read
// parameters: above, before, pattern_id
// returns: status, runs
MATCH (r:FeedbackRun)
WHERE r.time_key >= $above AND r.time_key < $before AND ($pattern_id IS NULL OR r.pattern_id = $pattern_id)
RETURN r.status AS status, count(r) AS runs
