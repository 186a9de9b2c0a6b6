// The experiments that runs are at, and whether they can still lead to something: the control is in use, the treatment a draft.
// access: read
// parameters: run_ids
// returns: experiment, control_in_use, treatment_status
UNWIND $run_ids AS id
MATCH (:FeedbackRun {run_id: id})-[:PROPOSED]->(:Improvement)-[:TESTED_BY]->(e:Experiment {run_id: id})
WHERE e.concluded_at IS NULL
MATCH (e)-[:TREATMENT]->(treatment:PatternVersion)
MATCH (e)-[:CONTROL]->(control:PatternVersion)
OPTIONAL MATCH (p:Pattern)-[:CURRENT_VERSION]->(control)
RETURN properties(e) AS experiment, p IS NOT NULL AS control_in_use, treatment.status AS treatment_status
