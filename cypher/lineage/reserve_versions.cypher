// Takes the next `count` version numbers of a pattern. The first SET takes the write lock, so that the second reads the
// latest number on every engine.
// access: write
// parameters: pattern_id, count, now
// returns: pattern, current_node_id
MATCH (p:Pattern {pattern_id: $pattern_id})
SET p.updated_at = $now
WITH p
SET p.latest_version = p.latest_version + $count
WITH p
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(p) AS pattern, v.node_id AS current_node_id
