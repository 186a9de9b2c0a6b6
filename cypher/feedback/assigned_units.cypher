// How many units were assigned to each arm of experiments, of several candidates by version, by the stage of their exposure where it
// grows in stages.
// access: read
// parameters: experiment_ids
// returns: experiment_id, arm, stage, units
UNWIND $experiment_ids AS id
MATCH (a:Assignment {experiment_id: id})
RETURN id AS experiment_id, coalesce(a.node_id, a.arm) AS arm, a.stage AS stage, count(a) AS units
