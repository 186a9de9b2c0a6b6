// The view hook_performance_summary of seed 003: the steps of the traces of a range of time that are over, by type and tool, as
// far as the reader may see them (null: all). A step without a list of functions or gates has none.
// access: read
// parameters: above, before, reader, limit
// returns: hook_type, tool_name, execution_count, avg_duration_ms, min_duration_ms, max_duration_ms, p95_duration_ms, success_count, success_rate, avg_intelligence_functions, avg_quality_gates
MATCH (t:Trace)-[:RAN]->(h:HookExecution)
WHERE t.time_key >= $above AND t.time_key < $before AND h.status <> 'in_progress'
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
WITH h.hook_type AS hook_type, h.tool_name AS tool_name, CASE WHEN h.status = 'success' THEN 1 ELSE 0 END AS ok,
     coalesce(size(h.intelligence_functions_executed), 0) AS functions, coalesce(size(h.quality_gates_validated), 0) AS gates,
     CASE
       WHEN h.duration_ms IS NOT NULL THEN h.duration_ms
       WHEN h.started_at <= h.completed_at THEN duration.inSeconds(h.started_at, h.completed_at).microseconds / 1000.0
     END AS ms
RETURN hook_type, tool_name, count(*) AS execution_count, avg(ms) AS avg_duration_ms, min(ms) AS min_duration_ms,
       max(ms) AS max_duration_ms, percentileCont(ms, 0.95) AS p95_duration_ms, sum(ok) AS success_count,
       avg(ok) AS success_rate, avg(functions) AS avg_intelligence_functions, avg(gates) AS avg_quality_gates
ORDER BY execution_count DESC, hook_type, tool_name
LIMIT $limit
