// Learned patterns, each with its version in use.
// access: read
// parameters: pattern_ids
// returns: learned, node_id, version
UNWIND $pattern_ids AS id
MATCH (l:LearnedPattern {pattern_id: id})
WHERE l.plan IS NOT NULL
MATCH (p:Pattern {pattern_id: id})-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(l) AS learned, v.node_id AS node_id, v.version AS version
