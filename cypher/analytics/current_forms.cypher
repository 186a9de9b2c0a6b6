// The patterns (of a type; null: of all) that are in force, the newest first, with the form of the text of the version in use, and
// whether that was only seen (a tag).
// access: read
// parameters: pattern_type, observed, limit
// returns: pattern_id, pattern_type, name, observed, node_id, text_form
MATCH (p:Pattern)-[:CURRENT_VERSION]->(v:PatternVersion)
WHERE $pattern_type IS NULL OR p.pattern_type = $pattern_type
RETURN p.pattern_id AS pattern_id, p.pattern_type AS pattern_type, p.name AS name, $observed IN coalesce(v.tags, []) AS observed,
       v.node_id AS node_id, v.text_form AS text_form
ORDER BY p.time_key DESC
LIMIT $limit
