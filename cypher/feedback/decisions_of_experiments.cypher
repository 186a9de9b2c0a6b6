// The decisions that each of some experiments was concluded in.
// access: read
// parameters: experiment_ids
// returns: experiment_id, decision
UNWIND $experiment_ids AS id
MATCH (:Experiment {experiment_id: id})-[:CONCLUDED_IN]->(d:Decision)
RETURN id AS experiment_id, properties(d) AS decision
