// Whether an experiment can still lead to something: its control is in use and its treatment is a draft.
// access: read
// parameters: experiment_id
// returns: control_in_use, treatment_status
MATCH (e:Experiment {experiment_id: $experiment_id})-[:TREATMENT]->(treatment:PatternVersion)
MATCH (e)-[:CONTROL]->(control:PatternVersion)
OPTIONAL MATCH (p:Pattern)-[:CURRENT_VERSION]->(control)
RETURN p IS NOT NULL AS control_in_use, treatment.status AS treatment_status
