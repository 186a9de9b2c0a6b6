// Versions by id, with what their texts are given a score by.
// access: read
// parameters: after, limit
// returns: key, pattern_type, text, parameters, metadata
MATCH (v:PatternVersion)
WHERE v.node_id > $after
RETURN v.node_id AS key, v.pattern_type AS pattern_type, left(v.template_code, 100000) AS text, v.parameters AS parameters,
       v.metadata AS metadata
ORDER BY v.node_id
LIMIT $limit
