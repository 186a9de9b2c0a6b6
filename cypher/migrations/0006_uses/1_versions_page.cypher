// Versions, for the names by which their uses find them.
// access: read
// parameters: after, limit
// returns: key, pattern_type, pattern_name
MATCH (v:PatternVersion)
WHERE v.node_id > $after
RETURN v.node_id AS key, v.pattern_type AS pattern_type, v.pattern_name AS pattern_name
ORDER BY v.node_id
LIMIT $limit
