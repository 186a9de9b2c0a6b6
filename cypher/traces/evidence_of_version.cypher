// What the finished executions of one version between two keys (the version, then the time) come to, the newest $limit, as far as
// the reader may see their traces (null: all), in lists of at most 200: of each the values that `mapping.EVIDENCE` names, in its
// order. One version at a time: a range over a key that comes from a row uses no index on the embedded engine.
// access: read
// parameters: above, before, reader, limit
// returns: executions
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
  AND ($reader IS NULL OR EXISTS {
    MATCH (t:Trace)-[:RAN]->(h) WHERE t.owner IN $reader OR t.shared_in IN $reader
  })
WITH h ORDER BY h.version_key DESC LIMIT $limit
WITH collect([
  h.execution_id, h.node_id, h.experiment_id, h.arm, h.set_aside, h.unit, h.unit_rule, h.session_id, h.root_id, h.correlation_id,
  h.pattern_type, h.status, h.error_type, h.quality_score, h.duration_ms,
  h.started_at.epochMillis, h.started_at.microsecond, h.completed_at.epochMillis, h.completed_at.microsecond,
  h.created_at.epochMillis, h.created_at.microsecond
]) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN every[begin..begin + 200] AS executions
