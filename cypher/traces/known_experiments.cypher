// The versions that each of these experiments compares, and the share of units that get the treatment; unknown ids have no row.
// `staged`: the arm of a unit is the one that was recorded.
// access: read
// parameters: experiment_ids
// returns: experiment_id, control_node_id, treatment_node_ids, treatment_share, staged
UNWIND $experiment_ids AS id
MATCH (e:Experiment {experiment_id: id})
RETURN e.experiment_id AS experiment_id, e.control_node_id AS control_node_id,
       coalesce(e.treatment_node_ids, [e.treatment_node_id]) AS treatment_node_ids, e.treatment_share AS treatment_share,
       e.stage IS NOT NULL OR e.treatments IS NOT NULL OR e.allotments IS NOT NULL AS staged
