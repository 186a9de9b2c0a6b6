// The newest patterns that have a tag and are of a type, as far as these are asked for.
// access: read
// parameters: before, tag, pattern_type, limit
// returns: pattern_id
MATCH (p:Pattern)
WHERE p.time_key < $before
  AND ($pattern_type IS NULL OR p.pattern_type = $pattern_type)
  AND ($tag IS NULL OR $tag IN p.tags)
RETURN p.pattern_id AS pattern_id
ORDER BY p.time_key DESC
LIMIT $limit
