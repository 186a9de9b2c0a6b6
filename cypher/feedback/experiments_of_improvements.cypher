// The experiments on each of some improvements.
// access: read
// parameters: improvement_ids
// returns: improvement_id, experiment
UNWIND $improvement_ids AS id
MATCH (:Improvement {improvement_id: id})-[:TESTED_BY]->(e:Experiment)
RETURN id AS improvement_id, properties(e) AS experiment
