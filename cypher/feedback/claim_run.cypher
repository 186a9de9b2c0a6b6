// Moves an open run, if it still has the revision its mover has seen. The first SET takes the write lock, so that of two
// movers the second reads what the first has written.
// access: write
// parameters: run_id, revision, turn, changes
// marks: FeedbackRun run_id
// returns: run
MATCH (r:FeedbackRun {run_id: $run_id})
SET r.turn = $turn
WITH r
WHERE r.revision = $revision AND r.open_status IS NOT NULL
SET r += $changes
RETURN properties(r) AS run
