// The versions of a pattern that were last used at an instant or later, the latest first.
// access: read
// parameters: pattern_id, since, limit
// returns: node_id
MATCH (p:Pattern {pattern_id: $pattern_id})-[:HAS_VERSION]->(v:PatternVersion)
WHERE v.last_used_at >= $since
RETURN v.node_id AS node_id
ORDER BY v.last_used_at DESC, v.node_id
LIMIT $limit
