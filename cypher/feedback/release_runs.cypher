// Gives back runs that a worker has, for others to take.
// access: write
// parameters: run_ids, owner, now
// marks: nothing
// returns: run_id
UNWIND $run_ids AS id
MATCH (r:FeedbackRun {run_id: id})
SET r.turn = $now
WITH r
WHERE r.leased_by = $owner
SET r.leased_by = null, r.leased_at = null, r.leased_until = null
RETURN r.run_id AS run_id
