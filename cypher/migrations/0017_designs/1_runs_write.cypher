// Keeps how experiments of runs were made before there were designs.
// access: write
// parameters: rows
// marks: FeedbackRun rows.key
// returns: written
UNWIND $rows AS row
MATCH (f:FeedbackRun {run_id: row.key})
SET f.design = row.design
RETURN count(*) AS written
