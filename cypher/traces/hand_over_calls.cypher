// Hands the endpoint calls of a provisional trace over to the trace of its prompt.
// access: write
// parameters: provisional, into
// marks: Trace provisional, Trace into
// returns: nothing
MATCH (:Trace {correlation_id: $provisional})-[drawn:CALLED]->(c:EndpointCall)
MATCH (t:Trace {correlation_id: $into})
DELETE drawn
CREATE (t)-[:CALLED]->(c)
SET c.correlation_id = $into
