// Data points of metrics from before an instant, oldest first.
// access: read
// parameters: before, limit
// returns: key
MATCH (p:MetricPoint)
WHERE p.at < $before
RETURN p.point_id AS key
ORDER BY p.at
LIMIT $limit
