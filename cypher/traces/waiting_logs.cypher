// How many log records of a time went to their session, because no prompt of it was known.
// access: read
// parameters: session_id, since, until
// returns: waiting
OPTIONAL MATCH (:Session {session_id: $session_id})-[:LOGGED]->(l:LogRecord)
WHERE l.ordered_at >= $since AND l.ordered_at < $until
RETURN count(l) AS waiting
