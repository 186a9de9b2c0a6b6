// Takes the write locks of patterns and returns them with the versions in use.
// access: write
// parameters: pattern_ids, now
// returns: pattern, current_node_id
UNWIND $pattern_ids AS id
MATCH (p:Pattern {pattern_id: id})
SET p.updated_at = $now
WITH p
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(p) AS pattern, v.node_id AS current_node_id
