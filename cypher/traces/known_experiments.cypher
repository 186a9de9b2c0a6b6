// The two versions that each of these experiments compares; unknown ids have no row.
// access: read
// parameters: experiment_ids
// returns: experiment_id, control_node_id, treatment_node_id
UNWIND $experiment_ids AS id
MATCH (e:Experiment {experiment_id: id})
RETURN e.experiment_id AS experiment_id, e.control_node_id AS control_node_id,
       e.treatment_node_id AS treatment_node_id
