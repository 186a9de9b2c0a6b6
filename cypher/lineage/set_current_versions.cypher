// Marks versions as the ones in use of their patterns.
// access: write
// parameters: node_ids
// returns: node_id
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
MATCH (p:Pattern {pattern_id: v.pattern_id})
CREATE (p)-[:CURRENT_VERSION]->(v)
RETURN v.node_id AS node_id
