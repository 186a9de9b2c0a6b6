// Sets properties of an experiment; a null removes one.
// access: write
// parameters: experiment_id, properties
// returns: experiment
MATCH (e:Experiment {experiment_id: $experiment_id})
SET e += $properties
RETURN properties(e) AS experiment
