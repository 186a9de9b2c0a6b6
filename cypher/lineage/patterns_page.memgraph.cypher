// One page of patterns, newest first, before a time key.
// access: read
// parameters: before, pattern_type, tag, name_contains, limit
// returns: pattern, current_node_id
MATCH (p:Pattern)
WHERE p.time_key < $before
  AND ($pattern_type IS NULL OR p.pattern_type = $pattern_type)
  AND ($tag IS NULL OR $tag IN p.tags)
  AND ($name_contains IS NULL OR toLower(p.name) CONTAINS toLower($name_contains))
WITH p ORDER BY p.time_key DESC LIMIT $limit
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(p) AS pattern, v.node_id AS current_node_id
ORDER BY p.time_key DESC
