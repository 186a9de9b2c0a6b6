// Log records by id, with what dates them.
// access: read
// parameters: after, limit
// returns: key, at
MATCH (l:LogRecord)
WHERE l.record_id > $after
RETURN l.record_id AS key, coalesce(l.at, l.created_at) AS at
ORDER BY l.record_id
LIMIT $limit
