// Takes the write lock of a run and returns it as it is then.
// access: write
// parameters: run_id, turn
// marks: nothing
// returns: run
MATCH (r:FeedbackRun {run_id: $run_id})
SET r.turn = $turn
WITH r
RETURN properties(r) AS run
