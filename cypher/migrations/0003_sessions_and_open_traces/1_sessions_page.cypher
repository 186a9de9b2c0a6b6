// Sessions by id, with what dates them.
// access: read
// parameters: after, limit
// returns: key, started_at, created_at
MATCH (s:Session)
WHERE s.session_id > $after
RETURN s.session_id AS key, s.started_at AS started_at, s.created_at AS created_at
ORDER BY s.session_id
LIMIT $limit
