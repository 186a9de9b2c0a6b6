// Makes an experiment of an improvement with its two arms.
// access: write
// parameters: improvement_id, control_node_id, treatment_node_id, experiment
// returns: experiment_id
MATCH (i:Improvement {improvement_id: $improvement_id})
MATCH (control:PatternVersion {node_id: $control_node_id})
MATCH (treatment:PatternVersion {node_id: $treatment_node_id})
CREATE (i)-[:TESTED_BY]->(e:Experiment)
CREATE (e)-[:CONTROL]->(control)
CREATE (e)-[:TREATMENT]->(treatment)
SET e = $experiment
RETURN e.experiment_id AS experiment_id
