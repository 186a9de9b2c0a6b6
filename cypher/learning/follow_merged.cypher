// What was part of patterns that are part of others now is part of these.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (l:LearnedPattern {pattern_id: row.pattern_id})
MATCH (l)<-[r:PART_OF]-(x:LearnedPattern)
MATCH (m:LearnedPattern {pattern_id: row.into})
CREATE (x)-[:PART_OF]->(m)
DELETE r
