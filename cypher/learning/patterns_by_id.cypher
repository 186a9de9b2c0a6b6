// Learned patterns, each with the text and the number of its version in use.
// access: read
// parameters: pattern_ids
// returns: learned, node_id, version, text
UNWIND $pattern_ids AS id
MATCH (l:LearnedPattern {pattern_id: id})
MATCH (p:Pattern {pattern_id: id})
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(l) AS learned, v.node_id AS node_id, v.version AS version, v.template_code AS text
