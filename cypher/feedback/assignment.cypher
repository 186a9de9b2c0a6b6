// What a unit of work can be assigned to: the version in use, and the open experiment with its arms, if there is one.
// access: read
// parameters: pattern_id
// returns: current, experiment_id, control_node_id, treatment
MATCH (p:Pattern {pattern_id: $pattern_id})
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(current:PatternVersion)
OPTIONAL MATCH (e:Experiment {open_pattern_id: $pattern_id})
OPTIONAL MATCH (e)-[:TREATMENT]->(treatment:PatternVersion)
RETURN properties(current) AS current, e.experiment_id AS experiment_id, e.control_node_id AS control_node_id,
       properties(treatment) AS treatment
