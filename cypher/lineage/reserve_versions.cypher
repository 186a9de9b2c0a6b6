// Takes the next `count` version numbers of each pattern. The first SET takes the write lock, so that the second reads the
// latest number on every engine.
// access: write
// parameters: wanted, now
// returns: pattern, current_node_id
UNWIND $wanted AS row
MATCH (p:Pattern {pattern_id: row.pattern_id})
SET p.updated_at = $now
WITH p, row
SET p.latest_version = p.latest_version + row.count
WITH p
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(p) AS pattern, v.node_id AS current_node_id
