// Traces that go on with a provisional trace go on with the trace of its prompt.
// access: write
// parameters: provisional, into
// marks: nothing
// returns: nothing
MATCH (:Trace {correlation_id: $provisional})-[drawn:CONTINUED_BY]->(later:Trace)
MATCH (t:Trace {correlation_id: $into})
DELETE drawn
CREATE (t)-[:CONTINUED_BY]->(later)
SET later.continued_from = $into
