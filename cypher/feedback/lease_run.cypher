// Leases an open run to a worker, if no other has it. The first SET takes the write lock, so that of two workers the second sees
// what the first has written.
// access: write
// parameters: run_id, owner, now, until
// marks: nothing
// returns: run
MATCH (r:FeedbackRun {run_id: $run_id})
SET r.turn = $now
WITH r
WHERE r.open_status IS NOT NULL AND (r.leased_until IS NULL OR r.leased_by = $owner OR r.leased_until < $now)
SET r.leased_by = $owner, r.leased_at = $now, r.leased_until = $until
RETURN properties(r) AS run
