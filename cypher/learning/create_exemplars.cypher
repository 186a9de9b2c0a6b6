// Keeps prompts that learned patterns were learned from.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (l:LearnedPattern {pattern_id: row.pattern_id})
CREATE (e:Exemplar)
SET e = row
CREATE (e)-[:EXEMPLIFIES]->(l)
RETURN count(e) AS written
