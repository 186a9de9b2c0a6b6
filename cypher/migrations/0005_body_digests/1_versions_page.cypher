// Versions by id; of those of definitions the text.
// access: read
// parameters: after, limit
// returns: key, pattern_type, text
MATCH (v:PatternVersion)
WHERE v.node_id > $after
RETURN v.node_id AS key, v.pattern_type AS pattern_type,
       CASE WHEN v.pattern_type IN ['skill', 'command', 'subagent', 'memory'] THEN v.template_code END AS text
ORDER BY v.node_id
LIMIT $limit
