// The decisions on each of some improvements.
// access: read
// parameters: improvement_ids
// returns: improvement_id, decision
UNWIND $improvement_ids AS id
MATCH (:Improvement {improvement_id: id})-[:CONCLUDED_IN]->(d:Decision)
RETURN id AS improvement_id, properties(d) AS decision
