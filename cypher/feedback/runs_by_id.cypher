// Runs by id.
// access: read
// parameters: run_ids
// returns: run
UNWIND $run_ids AS id
MATCH (r:FeedbackRun {run_id: id})
RETURN properties(r) AS run
