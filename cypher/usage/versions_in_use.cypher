// The versions of a pattern that were used in a range of time: first before its end, and last not before its beginning.
// access: read
// parameters: pattern_id, since, until, limit
// returns: node_id
MATCH (:Pattern {pattern_id: $pattern_id})-[:HAS_VERSION]->(v:PatternVersion)
WHERE v.last_used_at >= $since AND v.first_used_at < $until
RETURN v.node_id AS node_id
ORDER BY v.version DESC
LIMIT $limit
