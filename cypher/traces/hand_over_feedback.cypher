// What people said, and others reported, of a provisional trace, they said of the trace of its prompt.
// access: write
// parameters: provisional, into
// marks: Trace into
// returns: nothing
MATCH (:Trace {correlation_id: $provisional})<-[drawn:ABOUT]-(f)
MATCH (t:Trace {correlation_id: $into})
DELETE drawn
CREATE (f)-[:ABOUT]->(t)
SET f.correlation_id = $into
