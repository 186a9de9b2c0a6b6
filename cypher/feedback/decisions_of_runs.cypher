// The decisions that rest on the experiments of some runs.
// access: read
// parameters: run_ids
// returns: run_id, decision
UNWIND $run_ids AS id
MATCH (:FeedbackRun {run_id: id})-[:PROPOSED]->(:Improvement)-[:TESTED_BY]->(e:Experiment {run_id: id})
MATCH (e)-[:CONCLUDED_IN]->(d:Decision)
WITH DISTINCT id, d
RETURN id AS run_id, properties(d) AS decision
