// One page of data points of metrics, newest first, from an instant on and before one and an id, as far as the subject may see the
// session that they belong to (null: all); all else is a filter over that range.
// access: read
// parameters: since, at, point_id, session_id, name, without_session, subject, limit
// returns: point
MATCH (m:MetricPoint)
WHERE m.at <= $at AND m.at >= $since AND (m.at < $at OR m.point_id < $point_id)
  AND ($session_id IS NULL OR m.session_id = $session_id)
  AND ($name IS NULL OR m.name = $name)
  AND (NOT $without_session OR m.session_id IS NULL)
  AND ($subject IS NULL OR NOT EXISTS {
    MATCH (s:Session)-[:MEASURED]->(m) WHERE s.user_id IS NOT NULL AND s.user_id <> $subject
  })
RETURN properties(m) AS point
ORDER BY m.at DESC, m.point_id DESC
LIMIT $limit
