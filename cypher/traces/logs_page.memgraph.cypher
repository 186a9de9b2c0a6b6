// One page of log records, newest first, between two keys of the order of time, as far as the subject may see the trace or
// session that they belong to (null: all). EXISTS stands in no OR on Memgraph: owners that hide a record are counted.
// access: read
// parameters: above, before, session_id, correlation_id, name, severity, without_session, subject, limit
// returns: record
MATCH (l:LogRecord)
WHERE l.time_key >= $above AND l.time_key < $before
  AND ($session_id IS NULL OR l.session_id = $session_id)
  AND ($correlation_id IS NULL OR l.correlation_id = $correlation_id)
  AND ($name IS NULL OR l.name = $name)
  AND ($severity IS NULL OR l.severity = $severity)
  AND (NOT $without_session OR l.session_id IS NULL)
OPTIONAL MATCH (o)-[:LOGGED]->(l)
WHERE $subject IS NOT NULL AND o.user_id IS NOT NULL AND o.user_id <> $subject
WITH l, count(o) AS hiding
WHERE hiding = 0
RETURN properties(l) AS record
ORDER BY l.time_key DESC
LIMIT $limit
