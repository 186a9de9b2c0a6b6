// Ties an experiment to the candidates that it tries beside its first one.
// access: write
// parameters: experiment_id, rows
// returns: node_id
UNWIND $rows AS row
MATCH (e:Experiment {experiment_id: $experiment_id})
MATCH (i:Improvement {improvement_id: row.improvement_id})
MATCH (treatment:PatternVersion {node_id: row.node_id})
CREATE (i)-[:TESTED_BY]->(e)
CREATE (e)-[:TREATMENT]->(treatment)
RETURN treatment.node_id AS node_id
