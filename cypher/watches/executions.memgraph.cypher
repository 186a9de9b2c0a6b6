// As executions.cypher, with each instant as it is, and null: Memgraph has no milliseconds since 1970.
// access: read
// parameters: rows, overdue, limit
// returns: watch_id, executions
UNWIND $rows AS row
CALL {
  WITH row
  MATCH (v:PatternVersion {node_id: row.node_id})<-[u:USED]-(h:HookExecution)
  WHERE h.set_aside IS NULL
    AND (((h.experiment_id IS NULL OR h.arm = 'control')
          AND (h.version_key > row.above
               OR (h.version_key IS NULL AND coalesce(h.started_at, h.created_at) >= row.since
                   AND coalesce(h.started_at, h.created_at) < $overdue)))
      OR (h.experiment_id = row.experiment_id AND h.arm = 'treatment' AND u.decision_id IS NULL
          AND (h.version_key IS NOT NULL OR coalesce(h.started_at, h.created_at) < $overdue)))
  RETURN h
  ORDER BY h.version_key
  LIMIT $limit
}
WITH row.watch_id AS watch_id, collect([
  h.execution_id, h.node_id, h.experiment_id, h.arm, h.set_aside, h.unit, h.unit_rule, h.session_id, h.root_id, h.correlation_id,
  h.pattern_type, h.status, h.error_type, h.quality_score, h.duration_ms,
  h.started_at, null, h.completed_at, null, h.created_at, null
]) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN watch_id, every[begin..begin + 200] AS executions
