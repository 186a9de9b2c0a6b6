// The executions that decisions on experiments rest on. An execution that came after the decision is none of them. In lists of at
// most 200: of each the values that `mapping.EVIDENCE` names, in its order.
// access: read
// parameters: experiment_ids
// returns: experiment_id, executions
UNWIND $experiment_ids AS id
MATCH (h:HookExecution {experiment_id: id})
MATCH (h)-[u:USED]->(:PatternVersion)
WHERE u.decision_id IS NOT NULL
WITH id, collect([
  h.execution_id, h.node_id, h.experiment_id, h.arm, h.set_aside, h.unit, h.unit_rule, h.session_id, h.root_id, h.correlation_id,
  h.pattern_type, h.status, h.error_type, h.quality_score, h.duration_ms,
  h.started_at.epochMillis, h.started_at.microsecond, h.completed_at.epochMillis, h.completed_at.microsecond,
  h.created_at.epochMillis, h.created_at.microsecond
]) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN id AS experiment_id, every[begin..begin + 200] AS executions
