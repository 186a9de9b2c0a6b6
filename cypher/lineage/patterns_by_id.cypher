// Patterns by id, with the version in use.
// access: read
// parameters: pattern_ids
// returns: pattern, current_node_id
UNWIND $pattern_ids AS id
MATCH (p:Pattern {pattern_id: id})
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(p) AS pattern, v.node_id AS current_node_id
