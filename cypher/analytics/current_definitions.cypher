// The patterns of some kinds with the text of the version in use, the newest first.
// access: read
// parameters: pattern_types, limit
// returns: pattern_id, pattern_type, name, metadata, template_code
MATCH (p:Pattern)-[:CURRENT_VERSION]->(v:PatternVersion)
WHERE p.pattern_type IN $pattern_types
RETURN p.pattern_id AS pattern_id, p.pattern_type AS pattern_type, p.name AS name, p.metadata AS metadata,
       v.template_code AS template_code
ORDER BY p.time_key DESC
LIMIT $limit
