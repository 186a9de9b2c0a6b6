// What a unit of work can be assigned to: the version in use, and the open experiment with its arms, if there is one; `arms` are those
// of several candidates, `allotments` the
// shares that followed from what was seen.
// access: read
// parameters: pattern_id
// returns: current, experiment_id, control_node_id, treatment_share, stage, holdout_share, arms, allotments, treatments
MATCH (p:Pattern {pattern_id: $pattern_id})
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(current:PatternVersion)
OPTIONAL MATCH (e:Experiment {open_pattern_id: $pattern_id})
OPTIONAL MATCH (e)-[:TREATMENT]->(treatment:PatternVersion)
WITH current, e, collect(properties(treatment)) AS treatments
RETURN properties(current) AS current, e.experiment_id AS experiment_id, e.control_node_id AS control_node_id,
       coalesce(e.treatment_share, 0.5) AS treatment_share, e.stage AS stage, coalesce(e.holdout_share, 0.0) AS holdout_share,
       e.treatments AS arms, e.allotments AS allotments, treatments
