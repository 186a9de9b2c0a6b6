// One page of data points of metrics, newest first, between two keys of the order of time, as far as the reader may see
// them (null: all); all else is a filter over that range.
// access: read
// parameters: above, before, session_id, name, without_session, reader, limit
// returns: point
MATCH (m:MetricPoint)
WHERE m.time_key >= $above AND m.time_key < $before
  AND ($session_id IS NULL OR m.session_id = $session_id)
  AND ($name IS NULL OR m.name = $name)
  AND (NOT $without_session OR m.session_id IS NULL)
  AND ($reader IS NULL OR m.owner IN $reader OR m.shared_in IN $reader)
RETURN properties(m) AS point
ORDER BY m.time_key DESC
LIMIT $limit
