// The newest active version of a pattern.
// access: read
// parameters: pattern_id
// returns: node_id
MATCH (v:PatternVersion {pattern_id: $pattern_id})
WHERE v.status = 'active'
RETURN v.node_id AS node_id
ORDER BY v.version DESC
LIMIT 1
