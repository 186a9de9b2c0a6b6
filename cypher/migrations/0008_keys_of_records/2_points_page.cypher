// Data points by id, with what dates them.
// access: read
// parameters: after, limit
// returns: key, at
MATCH (m:MetricPoint)
WHERE m.point_id > $after
RETURN m.point_id AS key, coalesce(m.at, m.created_at) AS at
ORDER BY m.point_id
LIMIT $limit
