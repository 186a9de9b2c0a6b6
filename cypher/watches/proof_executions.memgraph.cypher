// As proof_executions.cypher, with each instant as it is, and null: Memgraph has no milliseconds since 1970.
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
  h.started_at, null, h.completed_at, null, h.created_at, null
]) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN id AS experiment_id, every[begin..begin + 200] AS executions
