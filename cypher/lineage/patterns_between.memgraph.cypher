// One page of the patterns whose ids lie between two texts, in their order, with the version in use.
// access: read
// parameters: after, end, limit
// returns: pattern, current_node_id
MATCH (p:Pattern)
WHERE p.pattern_id > $after AND p.pattern_id < $end
WITH p ORDER BY p.pattern_id LIMIT $limit
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(p) AS pattern, v.node_id AS current_node_id
ORDER BY p.pattern_id
