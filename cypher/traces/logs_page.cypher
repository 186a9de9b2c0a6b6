// One page of log records, newest first, between two keys of the order of time, as far as the reader may see
// them (null: all); all else is a filter over that range.
// access: read
// parameters: above, before, session_id, correlation_id, name, severity, without_session, reader, limit
// returns: record
MATCH (l:LogRecord)
WHERE l.time_key >= $above AND l.time_key < $before
  AND ($session_id IS NULL OR l.session_id = $session_id)
  AND ($correlation_id IS NULL OR l.correlation_id = $correlation_id)
  AND ($name IS NULL OR l.name = $name)
  AND ($severity IS NULL OR l.severity = $severity)
  AND (NOT $without_session OR l.session_id IS NULL)
  AND ($reader IS NULL OR l.owner IN $reader OR l.shared_in IN $reader)
RETURN properties(l) AS record
ORDER BY l.time_key DESC
LIMIT $limit
