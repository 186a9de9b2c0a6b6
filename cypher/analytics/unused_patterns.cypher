// The patterns (of a type; null: of all) that are in force, the newest so many, each with whether its version in use was only seen (a
// tag), and when a version of it was used last (null: never).
// access: read
// parameters: pattern_type, observed, limit
// returns: patterns
MATCH (p:Pattern)-[:CURRENT_VERSION]->(c:PatternVersion)
WHERE $pattern_type IS NULL OR p.pattern_type = $pattern_type
WITH p, $observed IN coalesce(c.tags, []) AS observed
ORDER BY p.time_key DESC
LIMIT $limit
MATCH (p)-[:HAS_VERSION]->(v:PatternVersion)
WITH p, observed, max(v.last_used_at) AS last_used_at
RETURN collect([p.pattern_id, p.pattern_type, p.name, observed, last_used_at]) AS patterns
