// Gives a prompt that was told of late the endpoint calls of its time that went by their order to what was known before it.
// access: write
// parameters: previous, prompt, since, until, turn
// marks: Trace previous, Trace prompt
// returns: moved
MATCH (:Trace {correlation_id: $previous})-[drawn:CALLED]->(c:EndpointCall)
WHERE c.ordered_at >= $since AND c.ordered_at < $until
MATCH (t:Trace {correlation_id: $prompt})
DELETE drawn
CREATE (t)-[:CALLED]->(c)
SET c.correlation_id = $prompt, c.turn = $turn
RETURN count(*) AS moved
