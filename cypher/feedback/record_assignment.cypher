// Notes that a unit was assigned to an arm of an experiment, once. The unit itself is not stored: the id holds its digest.
// access: write
// parameters: assignment_id, experiment_id, arm, now
// returns: assignment_id
MERGE (a:Assignment {assignment_id: $assignment_id})
ON CREATE SET a.experiment_id = $experiment_id, a.arm = $arm, a.assigned_at = $now
RETURN a.assignment_id AS assignment_id
