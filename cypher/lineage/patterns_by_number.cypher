// One page of patterns by numbers that were made of them (by pattern id; what has none has `otherwise`), those of one number the newest
// first, and those without any at the end; after a place (`before` null: from the first): that number (null: none), and the time key of
// the last of it. All patterns are looked at.
// access: read
// parameters: numbers, otherwise, value, before, down, pattern_type, tag, name_contains, limit
// returns: pattern, current_node_id, value
MATCH (p:Pattern)
WHERE ($pattern_type IS NULL OR p.pattern_type = $pattern_type)
  AND ($tag IS NULL OR $tag IN p.tags)
  AND ($name_contains IS NULL OR toLower(p.name) CONTAINS toLower($name_contains))
WITH p, coalesce($numbers[p.pattern_id], $otherwise) AS value
WHERE $before IS NULL
   OR (value IS NULL AND ($value IS NOT NULL OR p.time_key < $before))
   OR (value = $value AND p.time_key < $before) OR ($down AND value < $value) OR (NOT $down AND value > $value)
WITH p, value
ORDER BY value IS NULL, value DIRECTION, p.time_key DESC
LIMIT $limit
RETURN properties(p) AS pattern, head([(p)-[:CURRENT_VERSION]->(c:PatternVersion) | c.node_id]) AS current_node_id, value
ORDER BY value IS NULL, value DIRECTION, pattern.time_key DESC
