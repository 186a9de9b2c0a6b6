// Makes the decision on an improvement, which concludes its experiment, if it has one.
// access: write
// parameters: improvement_id, experiment_id, decision
// returns: decision_id
MATCH (i:Improvement {improvement_id: $improvement_id})
CREATE (i)-[:CONCLUDED_IN]->(d:Decision)
SET d = $decision
WITH d
OPTIONAL MATCH (e:Experiment {experiment_id: $experiment_id})
FOREACH (_ IN CASE WHEN e IS NULL THEN [] ELSE [1] END | CREATE (e)-[:CONCLUDED_IN]->(d))
RETURN d.decision_id AS decision_id
