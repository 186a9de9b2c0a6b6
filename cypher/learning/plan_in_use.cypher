// A learned pattern with its version in use, whose text is the plan.
// access: read
// parameters: pattern_id
// returns: learned, node_id, version, text
MATCH (l:LearnedPattern {pattern_id: $pattern_id})
MATCH (l)-[:DESCRIBES]->(:Pattern)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(l) AS learned, v.node_id AS node_id, v.version AS version, v.template_code AS text
