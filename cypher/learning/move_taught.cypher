// Ties some of the traces that taught a learned pattern to the one that it is part of.
// access: write
// parameters: pattern_id, limit
// marks: nothing
// returns: moved
MATCH (l:LearnedPattern {pattern_id: $pattern_id})
MATCH (l)-[:PART_OF]->(m:LearnedPattern)
MATCH (l)<-[r:TAUGHT]-(t:Trace)
WITH m, r, t
LIMIT $limit
MATCH (k:TaughtTrace {correlation_id: t.correlation_id})
CREATE (t)-[:TAUGHT {role: r.role, at: r.at}]->(m)
SET k.pattern_id = m.pattern_id
DELETE r
RETURN count(k) AS moved
