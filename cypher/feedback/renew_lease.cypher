// Lets a worker keep a run for longer, if it still has it.
// access: write
// parameters: run_id, owner, now, until
// marks: nothing
// returns: run
MATCH (r:FeedbackRun {run_id: $run_id})
SET r.turn = $now
WITH r
WHERE r.open_status IS NOT NULL AND r.leased_by = $owner
SET r.leased_until = $until
RETURN properties(r) AS run
