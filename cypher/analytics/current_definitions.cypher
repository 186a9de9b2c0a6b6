// The patterns of some kinds with the text of the version in use, and whether that was only seen (a tag), the newest
// first.
// access: read
// parameters: pattern_types, observed, limit
// returns: pattern_id, pattern_type, name, observed, metadata, template_code
MATCH (p:Pattern)-[:CURRENT_VERSION]->(v:PatternVersion)
WHERE p.pattern_type IN $pattern_types
RETURN p.pattern_id AS pattern_id, p.pattern_type AS pattern_type, p.name AS name, $observed IN coalesce(v.tags, []) AS observed,
       p.metadata AS metadata, v.template_code AS template_code
ORDER BY p.time_key DESC
LIMIT $limit
