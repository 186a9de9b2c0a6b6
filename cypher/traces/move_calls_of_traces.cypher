// Moves endpoint calls that hang at a trace to the traces that better evidence names.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (:Trace)-[drawn:CALLED]->(c:EndpointCall {call_id: row.call_id})
MATCH (t:Trace {correlation_id: row.correlation_id})
DELETE drawn
CREATE (t)-[:CALLED]->(c)
RETURN count(*) AS written
