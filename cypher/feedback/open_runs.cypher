// The runs that still go on.
// access: read
// parameters: statuses
// returns: run_id
MATCH (r:FeedbackRun)
WHERE r.open_status IN $statuses
RETURN r.run_id AS run_id
