// Adds executions to the counters of the versions they ran. The first SET takes the write lock, so that the second reads the
// latest numbers on every engine.
// access: write
// parameters: rows, turn
// returns: written
UNWIND $rows AS row
MATCH (v:PatternVersion {node_id: row.node_id})
SET v.turn = $turn
WITH v, row
SET v.usage_count = coalesce(v.usage_count, 0) + row.usage_count,
    v.success_count = coalesce(v.success_count, 0) + row.success_count,
    v.timed_count = coalesce(v.timed_count, 0) + row.timed_count,
    v.total_execution_time_ms = coalesce(v.total_execution_time_ms, 0.0) + row.total_execution_time_ms,
    v.first_used_at = CASE WHEN v.first_used_at <= coalesce(row.first_used_at, v.first_used_at) THEN v.first_used_at
                           ELSE row.first_used_at END,
    v.last_used_at = CASE WHEN v.last_used_at >= coalesce(row.last_used_at, v.last_used_at) THEN v.last_used_at
                          ELSE row.last_used_at END
RETURN count(*) AS written
