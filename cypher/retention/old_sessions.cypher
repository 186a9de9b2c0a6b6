// Sessions that began between two keys and of which nothing is left, oldest first.
// access: read
// parameters: after, before, limit
// returns: key, session_id, ended_at, created_at
MATCH (s:Session)
WHERE s.time_key > $after AND s.time_key < $before AND NOT EXISTS { MATCH (s)--() }
RETURN s.time_key AS key, s.session_id AS session_id, s.ended_at AS ended_at, s.created_at AS created_at
ORDER BY s.time_key
LIMIT $limit
