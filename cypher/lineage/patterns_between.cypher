// One page of the patterns whose ids lie between two texts, in their order, with the version in use. Without a second MATCH, the
// embedded engine reads the page from the index; with one it sorts all patterns.
// access: read
// parameters: after, end, limit
// returns: pattern, current_node_id
MATCH (p:Pattern)
WHERE p.pattern_id > $after AND p.pattern_id < $end
RETURN properties(p) AS pattern, head([(p)-[:CURRENT_VERSION]->(v:PatternVersion) | v.node_id]) AS current_node_id
ORDER BY p.pattern_id
LIMIT $limit
