// What each of some versions did since it is watched, the oldest first: executions outside experiments, and as the control of one; and
// those as the treatment of the experiment that it was applied by, if that was not decided by them: they came too late for it.
// They ended, or began before an instant and did not end. In lists of at most 200: of each the values that `mapping.EVIDENCE` names.
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
  h.started_at.epochMillis, h.started_at.microsecond, h.completed_at.epochMillis, h.completed_at.microsecond,
  h.created_at.epochMillis, h.created_at.microsecond
]) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN watch_id, every[begin..begin + 200] AS executions
