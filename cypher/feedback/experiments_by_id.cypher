// Experiments by id.
// access: read
// parameters: experiment_ids
// returns: experiment
UNWIND $experiment_ids AS id
MATCH (e:Experiment {experiment_id: id})
RETURN properties(e) AS experiment
