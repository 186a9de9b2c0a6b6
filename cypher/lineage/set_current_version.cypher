// Marks a version as the one in use.
// access: write
// parameters: pattern_id, node_id
// returns: pattern_id
MATCH (p:Pattern {pattern_id: $pattern_id})-[:HAS_VERSION]->(v:PatternVersion {node_id: $node_id})
CREATE (p)-[:CURRENT_VERSION]->(v)
RETURN p.pattern_id AS pattern_id
