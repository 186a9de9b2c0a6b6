// One page of patterns by their names in small letters, those of one name the newest first; after a place (null: from the first): that
// name, and the time key of the last of it. All patterns are looked at.
// access: read
// parameters: value, before, down, pattern_type, tag, name_contains, limit
// returns: pattern, current_node_id, value
MATCH (p:Pattern)
WHERE ($pattern_type IS NULL OR p.pattern_type = $pattern_type)
  AND ($tag IS NULL OR $tag IN p.tags)
  AND ($name_contains IS NULL OR toLower(p.name) CONTAINS toLower($name_contains))
WITH p, toLower(p.name) AS value
WHERE $before IS NULL OR (value = $value AND p.time_key < $before) OR ($down AND value < $value) OR (NOT $down AND value > $value)
WITH p, value
ORDER BY value DIRECTION, p.time_key DESC
LIMIT $limit
RETURN properties(p) AS pattern, head([(p)-[:CURRENT_VERSION]->(v:PatternVersion) | v.node_id]) AS current_node_id, value
ORDER BY value DIRECTION, pattern.time_key DESC
