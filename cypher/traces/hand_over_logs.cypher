// Hands the log records of a provisional trace over to the trace of its prompt.
// access: write
// parameters: provisional, into
// marks: nothing
// returns: nothing
MATCH (:Trace {correlation_id: $provisional})-[drawn:LOGGED]->(l:LogRecord)
MATCH (t:Trace {correlation_id: $into})
DELETE drawn
CREATE (t)-[:LOGGED]->(l)
SET l.correlation_id = $into
