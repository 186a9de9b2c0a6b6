// Gives a prompt that was told of late the log records of its time that went to its session.
// access: write
// parameters: session_id, prompt, since, until
// marks: nothing
// returns: moved
MATCH (s:Session {session_id: $session_id})
MATCH (s)-[drawn:LOGGED]->(l:LogRecord)
WHERE l.ordered_at >= $since AND l.ordered_at < $until
MATCH (t:Trace {correlation_id: $prompt})
DELETE drawn
CREATE (t)-[:LOGGED]->(l)
SET l.correlation_id = $prompt
RETURN count(*) AS moved
