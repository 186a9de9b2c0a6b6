// Gives a prompt that was told of late the log records of its time that went by their order to what was known before it.
// access: write
// parameters: previous, prompt, since, until, turn
// marks: nothing
// returns: moved
MATCH (left:Trace {correlation_id: $previous})
MATCH (left)-[drawn:LOGGED]->(l:LogRecord)
WHERE l.ordered_at >= $since AND l.ordered_at < $until
MATCH (t:Trace {correlation_id: $prompt})
DELETE drawn
CREATE (t)-[:LOGGED]->(l)
SET l.correlation_id = $prompt, l.turn = $turn
RETURN count(*) AS moved
