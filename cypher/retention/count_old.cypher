// How many log records that belong to no trace, and how many data points, are from before an instant.
// access: read
// parameters: before
// returns: label, count
MATCH (l:LogRecord)
WHERE l.at < $before AND l.correlation_id IS NULL
RETURN 'LogRecord' AS label, count(l) AS count
UNION ALL
MATCH (p:MetricPoint)
WHERE p.at < $before
RETURN 'MetricPoint' AS label, count(p) AS count
