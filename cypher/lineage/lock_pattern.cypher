// Takes the write lock of a pattern and returns it with the version in use.
// access: write
// parameters: pattern_id, now
// returns: pattern, current_node_id
MATCH (p:Pattern {pattern_id: $pattern_id})
SET p.updated_at = $now
WITH p
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(p) AS pattern, v.node_id AS current_node_id
