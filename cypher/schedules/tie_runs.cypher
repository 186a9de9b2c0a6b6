// Ties a batch to the runs that it started.
// access: write
// parameters: batch_id, run_ids
// marks: nothing
// returns: run_id
MATCH (b:FeedbackBatch {batch_id: $batch_id})
UNWIND $run_ids AS id
MATCH (r:FeedbackRun {run_id: id})
CREATE (b)-[:STARTED]->(r)
RETURN r.run_id AS run_id
