// The experiments that runs are at, and whether they can still lead to something: whether the control is in use, and what the
// treatments are by now.
// access: read
// parameters: run_ids
// returns: experiment, control_in_use, treatments
UNWIND $run_ids AS id
MATCH (:FeedbackRun {run_id: id})-[:PROPOSED]->(:Improvement)-[:TESTED_BY]->(e:Experiment {run_id: id})
WHERE e.concluded_at IS NULL
WITH DISTINCT e
MATCH (e)-[:CONTROL]->(control:PatternVersion)
OPTIONAL MATCH (p:Pattern)-[:CURRENT_VERSION]->(control)
WITH e, p IS NOT NULL AS control_in_use
MATCH (e)-[:TREATMENT]->(treatment:PatternVersion)
WITH e, control_in_use, collect([treatment.node_id, treatment.status]) AS treatments
RETURN properties(e) AS experiment, control_in_use, treatments
