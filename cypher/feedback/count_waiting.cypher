// Keeps how far the experiments of waiting runs are, each with its run, if that still has the revision that was seen. The first
// SET takes the write lock, as in claim_run.
// access: write
// parameters: rows, turn
// marks: nothing
// returns: run_id
UNWIND $rows AS row
MATCH (r:FeedbackRun {run_id: row.run_id})
SET r.turn = $turn
WITH r, row
WHERE r.revision = row.revision AND r.open_status IS NOT NULL
SET r += row.changes
WITH r, row
MATCH (e:Experiment {experiment_id: row.experiment_id})
SET e += row.counts
RETURN r.run_id AS run_id
