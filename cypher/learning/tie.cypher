// Ties traces to the learned patterns that they taught.
// access: write
// parameters: rows
// marks: nothing
// returns: nothing
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.correlation_id})
MATCH (l:LearnedPattern {pattern_id: row.pattern_id})
CREATE (t)-[:TAUGHT {role: row.role, at: row.at}]->(l)
