// How many units were assigned to each arm of experiments.
// access: read
// parameters: experiment_ids
// returns: experiment_id, arm, units
UNWIND $experiment_ids AS id
MATCH (a:Assignment {experiment_id: id})
RETURN id AS experiment_id, a.arm AS arm, count(a) AS units
