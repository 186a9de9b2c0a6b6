// What the executions of an experiment come to that ended, or began before an instant and did not end, as far as the reader may see
// their traces (null: all), in lists of at most 200: of each the values that `mapping.EVIDENCE` names, in its order.
// access: read
// parameters: experiment_id, reader, before
// returns: executions
MATCH (h:HookExecution {experiment_id: $experiment_id})
WHERE h.version_key IS NOT NULL OR coalesce(h.started_at, h.created_at) < $before
MATCH (t:Trace)-[:RAN]->(h)
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
WITH collect([
  h.execution_id, h.node_id, h.experiment_id, h.arm, h.set_aside, h.unit, h.unit_rule, h.session_id, h.root_id, h.correlation_id,
  h.pattern_type, h.status, h.error_type, h.quality_score, h.duration_ms,
  h.started_at.epochMillis, h.started_at.microsecond, h.completed_at.epochMillis, h.completed_at.microsecond,
  h.created_at.epochMillis, h.created_at.microsecond
]) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN every[begin..begin + 200] AS executions
