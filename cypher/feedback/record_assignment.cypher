// Notes that a unit was assigned to an arm of an experiment, once, and tells the arm that it was assigned to first: of several candidates
// with the version. The unit itself is not stored: the id holds its digest.
// access: write
// parameters: assignment_id, experiment_id, arm, node_id, stage, propensity, now
// returns: arm, node_id
MERGE (a:Assignment {assignment_id: $assignment_id})
ON CREATE SET a.experiment_id = $experiment_id, a.arm = $arm, a.node_id = $node_id, a.stage = $stage, a.propensity = $propensity,
  a.assigned_at = $now
RETURN a.arm AS arm, a.node_id AS node_id
