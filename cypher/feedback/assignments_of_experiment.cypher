// The units that were assigned in an experiment, by the ids of their assignments, which end with the digests of the units, with arms,
// stages and, of several candidates, versions, and when they were assigned, in lists of at most 1,000.
// access: read
// parameters: experiment_id
// returns: assignments
MATCH (a:Assignment {experiment_id: $experiment_id})
WITH collect([a.assignment_id, a.arm, a.stage, a.node_id, a.assigned_at]) AS every
UNWIND range(0, size(every) - 1, 1000) AS begin
RETURN every[begin..begin + 1000] AS assignments
