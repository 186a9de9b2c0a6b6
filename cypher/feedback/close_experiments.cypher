// Ends the experiments of a run that still go on, without a decision.
// access: write
// parameters: run_id, now
// marks: nothing
// returns: experiment_id
MATCH (:FeedbackRun {run_id: $run_id})-[:PROPOSED]->(:Improvement)-[:TESTED_BY]->(e:Experiment)
WHERE e.run_id = $run_id AND e.concluded_at IS NULL
WITH DISTINCT e
SET e.concluded_at = $now, e.open_pattern_id = null
RETURN e.experiment_id AS experiment_id
