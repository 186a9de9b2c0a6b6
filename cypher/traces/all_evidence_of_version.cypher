// As evidence_of_version, of all finished executions of a version between two keys, in no order: to have the engine sort them takes
// longer than all else.
// access: read
// parameters: above, before, reader
// returns: executions
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
  AND ($reader IS NULL OR EXISTS {
    MATCH (t:Trace)-[:RAN]->(h) WHERE t.owner IN $reader OR t.shared_in IN $reader
  })
WITH collect([
  h.execution_id, h.node_id, h.experiment_id, h.arm, h.set_aside, h.unit, h.unit_rule, h.session_id, h.root_id, h.correlation_id,
  h.pattern_type, h.status, h.error_type, h.quality_score, h.duration_ms,
  h.started_at.epochMillis, h.started_at.microsecond, h.completed_at.epochMillis, h.completed_at.microsecond,
  h.created_at.epochMillis, h.created_at.microsecond
]) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN every[begin..begin + 200] AS executions
