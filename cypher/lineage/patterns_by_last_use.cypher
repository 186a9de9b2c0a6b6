// One page of patterns by when a version of theirs was used last, those of one instant the newest first, and those that were never
// used at the end; after a place (`before` null: from the first): that instant (null: never), and the time key of the last of it. All
// patterns and their versions are looked at.
// access: read
// parameters: value, before, down, pattern_type, tag, name_contains, limit
// returns: pattern, current_node_id, value
MATCH (p:Pattern)
WHERE ($pattern_type IS NULL OR p.pattern_type = $pattern_type)
  AND ($tag IS NULL OR $tag IN p.tags)
  AND ($name_contains IS NULL OR toLower(p.name) CONTAINS toLower($name_contains))
OPTIONAL MATCH (p)-[:HAS_VERSION]->(v:PatternVersion)
WITH p, max(v.last_used_at) AS value
WHERE $before IS NULL
   OR (value IS NULL AND ($value IS NOT NULL OR p.time_key < $before))
   OR (value = $value AND p.time_key < $before) OR ($down AND value < $value) OR (NOT $down AND value > $value)
WITH p, value
ORDER BY value IS NULL, value DIRECTION, p.time_key DESC
LIMIT $limit
RETURN properties(p) AS pattern, head([(p)-[:CURRENT_VERSION]->(c:PatternVersion) | c.node_id]) AS current_node_id, value
ORDER BY value IS NULL, value DIRECTION, pattern.time_key DESC
