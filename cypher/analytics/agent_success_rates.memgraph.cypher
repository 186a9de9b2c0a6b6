// The view agent_success_rates of seed 003: the traces of a range of time that are over, by agent (the one that the routing
// selected, or the type of the subagent), as far as the reader may see them (null: all). Memgraph has no percentileCont:
// sorted durations are interpolated by hand. The time between two instants is whole days and the microseconds beyond them
// there.
// access: read
// parameters: above, before, reader, limit
// returns: agent, total_executions, successful_executions, success_rate, avg_duration_ms, median_duration_ms, p95_duration_ms
MATCH (t:Trace)
WHERE t.time_key >= $above AND t.time_key < $before
  AND t.status <> 'in_progress' AND (t.agent IS NOT NULL OR t.agent_type IS NOT NULL)
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
WITH t, CASE WHEN t.duration_ms IS NULL AND t.started_at <= t.completed_at THEN t.completed_at - t.started_at END AS passed
WITH coalesce(t.agent, t.agent_type) AS agent, CASE WHEN t.status = 'success' THEN 1 ELSE 0 END AS ok, CASE
       WHEN t.duration_ms IS NOT NULL THEN t.duration_ms
       WHEN passed IS NOT NULL THEN passed.day * 86400000.0 + passed.microsecond / 1000.0
     END AS ms
ORDER BY ms
WITH agent, count(*) AS total_executions, sum(ok) AS successful_executions, avg(ok) AS success_rate, avg(ms) AS avg_duration_ms,
     collect(ms) AS timed
WITH *, 0.5 * (size(timed) - 1) AS middle, 0.95 * (size(timed) - 1) AS high
RETURN agent, total_executions, successful_executions, success_rate, avg_duration_ms,
       CASE WHEN size(timed) > 0 THEN timed[toInteger(floor(middle))]
         + (middle - floor(middle)) * (timed[toInteger(ceil(middle))] - timed[toInteger(floor(middle))]) END AS median_duration_ms,
       CASE WHEN size(timed) > 0 THEN timed[toInteger(floor(high))]
         + (high - floor(high)) * (timed[toInteger(ceil(high))] - timed[toInteger(floor(high))]) END AS p95_duration_ms
ORDER BY success_rate DESC, total_executions DESC, agent
LIMIT $limit
