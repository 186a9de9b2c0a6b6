// Marks the executions that a decision rests on: those that are recorded later for the same experiment are not among them.
// access: write
// parameters: execution_ids, experiment_id, decision_id
// marks: nothing
// returns: marked
UNWIND $execution_ids AS id
MATCH (:HookExecution {execution_id: id})-[u:USED]->(:PatternVersion)
WHERE u.experiment_id = $experiment_id
SET u.decision_id = $decision_id
RETURN count(u) AS marked
