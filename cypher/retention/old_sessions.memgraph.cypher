// Sessions that began between two keys and of which nothing is left, oldest first. Relationships are counted here.
// access: read
// parameters: after, before, limit
// returns: key, session_id, ended_at, created_at
MATCH (s:Session)
WHERE s.time_key > $after AND s.time_key < $before
OPTIONAL MATCH (s)-[r]-()
WITH s, count(r) AS left
WHERE left = 0
RETURN s.time_key AS key, s.session_id AS session_id, s.ended_at AS ended_at, s.created_at AS created_at
ORDER BY s.time_key
LIMIT $limit
