// The versions of a pattern that were there before an instant, the newest first.
// access: read
// parameters: pattern_id, before, limit
// returns: node_id
MATCH (:Pattern {pattern_id: $pattern_id})-[:HAS_VERSION]->(v:PatternVersion)
WHERE v.created_at < $before
RETURN v.node_id AS node_id
ORDER BY v.created_at DESC
LIMIT $limit
