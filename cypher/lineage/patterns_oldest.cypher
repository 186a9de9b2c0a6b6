// One page of patterns, oldest first, after a time key.
// access: read
// parameters: after, pattern_type, tag, name_contains, limit
// returns: pattern, current_node_id
MATCH (p:Pattern)
WHERE p.time_key > $after
  AND ($pattern_type IS NULL OR p.pattern_type = $pattern_type)
  AND ($tag IS NULL OR $tag IN p.tags)
  AND ($name_contains IS NULL OR toLower(p.name) CONTAINS toLower($name_contains))
RETURN properties(p) AS pattern, head([(p)-[:CURRENT_VERSION]->(v:PatternVersion) | v.node_id]) AS current_node_id
ORDER BY p.time_key
LIMIT $limit
