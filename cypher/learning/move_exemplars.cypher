// Gives prompts to other learned patterns.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (e:Exemplar {exemplar_id: row.exemplar_id})
MATCH (e)-[r:EXEMPLIFIES]->(:LearnedPattern)
MATCH (l:LearnedPattern {pattern_id: row.pattern_id})
SET e.pattern_id = row.pattern_id
CREATE (e)-[:EXEMPLIFIES]->(l)
DELETE r
