// The runs that still go on.
// access: read
// parameters: statuses
// returns: run
MATCH (r:FeedbackRun)
WHERE r.open_status IN $statuses
RETURN properties(r) AS run
