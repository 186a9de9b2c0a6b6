// The view endpoint_reliability of seed 003: the calls of the traces of a range of time that are over, by service and endpoint,
// as far as the reader may see them (null: all). Memgraph has no percentileCont: sorted durations are interpolated by hand.
// The time between two instants is whole days and the microseconds beyond them there.
// access: read
// parameters: above, before, reader, limit
// returns: service_name, endpoint_path, call_count, success_count, success_rate, avg_duration_ms, p95_duration_ms, total_retries, avg_retries_per_call, error_types
MATCH (t:Trace)-[:RAN*0..1]->(caller)-[:CALLED]->(c:EndpointCall)
WHERE t.time_key >= $above AND t.time_key < $before AND c.status <> 'in_progress'
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
WITH c, CASE WHEN c.duration_ms IS NULL AND c.started_at <= c.completed_at THEN c.completed_at - c.started_at END AS passed
WITH c.service_name AS service_name, c.endpoint_path AS endpoint_path, c.error_type AS error_type,
     CASE WHEN c.status = 'success' THEN 1 ELSE 0 END AS ok, coalesce(c.retry_count, 0) AS retries,
     CASE
       WHEN c.duration_ms IS NOT NULL THEN c.duration_ms
       WHEN passed IS NOT NULL THEN passed.day * 86400000.0 + passed.microsecond / 1000.0
     END AS ms
ORDER BY ms
WITH service_name, endpoint_path, count(*) AS call_count, sum(ok) AS success_count, avg(ok) AS success_rate,
     avg(ms) AS avg_duration_ms, collect(ms) AS timed, sum(retries) AS total_retries, avg(retries) AS avg_retries_per_call,
     collect(DISTINCT error_type) AS error_types
WITH *, 0.95 * (size(timed) - 1) AS high
RETURN service_name, endpoint_path, call_count, success_count, success_rate, avg_duration_ms,
       CASE WHEN size(timed) > 0 THEN timed[toInteger(floor(high))]
         + (high - floor(high)) * (timed[toInteger(ceil(high))] - timed[toInteger(floor(high))]) END AS p95_duration_ms,
       total_retries, avg_retries_per_call, error_types
ORDER BY call_count DESC, service_name, endpoint_path
LIMIT $limit
