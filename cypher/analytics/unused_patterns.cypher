// The patterns (of a type; null: of all) that are in force, the newest so many: how many they are, and those of which no version was
// used since an instant, each with when one was used last (null: never).
// access: read
// parameters: pattern_type, since, limit
// returns: looked_at, unused
MATCH (p:Pattern)-[:CURRENT_VERSION]->(:PatternVersion)
WHERE $pattern_type IS NULL OR p.pattern_type = $pattern_type
WITH p
ORDER BY p.time_key DESC
LIMIT $limit
MATCH (p)-[:HAS_VERSION]->(v:PatternVersion)
WITH p, max(v.last_used_at) AS last_used_at
RETURN count(p) AS looked_at,
       collect(CASE WHEN last_used_at IS NULL OR last_used_at < $since THEN [p.pattern_id, last_used_at] END) AS unused
