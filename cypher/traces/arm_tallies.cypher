// How far each arm of experiments is, by version: executions that ended, or began before an instant and did not end; and their units. Rows
// are experiments with their metrics. An execution tells something if it failed or reports the metric. (What
// uses of patterns cost is not known here: each counts as telling.) Those that are set aside have a row of their own.
// access: read
// parameters: rows, before
// returns: experiment_id, arm, node_id, set_aside, executions, units, telling_units, unended, unnamed, uses
UNWIND $rows AS row
MATCH (h:HookExecution {experiment_id: row.experiment_id})
WHERE h.arm IS NOT NULL AND (h.version_key IS NOT NULL OR coalesce(h.started_at, h.created_at) < $before)
WITH row.experiment_id AS experiment_id, h.arm AS arm, h.node_id AS node_id, h.set_aside AS set_aside, h.status AS status,
     coalesce(h.unit, h.session_id, h.root_id, h.correlation_id) AS unit,
     coalesce(h.unit_rule, 'session') AS rule, h.pattern_type IS NOT NULL AS is_use,
     CASE row.metric
       WHEN 'duration_ms' THEN h.duration_ms IS NOT NULL OR (h.started_at IS NOT NULL AND h.completed_at IS NOT NULL)
       WHEN 'quality_score' THEN h.quality_score IS NOT NULL
       WHEN 'tokens' THEN h.pattern_type IS NOT NULL
       WHEN 'cost_usd' THEN h.pattern_type IS NOT NULL
       ELSE true
     END AS reports
RETURN experiment_id, arm, node_id, set_aside, count(*) AS executions, count(DISTINCT unit) AS units,
       count(DISTINCT CASE WHEN reports OR status <> 'success' THEN unit END) AS telling_units,
       sum(CASE WHEN status = 'in_progress' THEN 1 ELSE 0 END) AS unended,
       sum(CASE WHEN rule = 'given' THEN 0 ELSE 1 END) AS unnamed, sum(CASE WHEN is_use THEN 1 ELSE 0 END) AS uses
