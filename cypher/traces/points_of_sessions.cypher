// One page of the data points of metrics of each of some sessions, in the order of time, after an instant and an id, as one list
// for each. Whoever may see a session may see its metrics.
// access: read
// parameters: session_ids, at, point_id, limit
// returns: session_id, items
UNWIND $session_ids AS id
CALL {
  WITH id
  MATCH (:Session {session_id: id})-[:MEASURED]->(m:MetricPoint)
  WITH m, coalesce(m.at, m.created_at) AS at
  WHERE at > $at OR (at = $at AND m.point_id > $point_id)
  RETURN m
  ORDER BY at, m.point_id
  LIMIT $limit
}
RETURN id AS session_id, collect(properties(m)) AS items
