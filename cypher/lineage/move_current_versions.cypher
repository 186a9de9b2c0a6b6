// Moves the mark of the version in use of patterns.
// access: write
// parameters: moves
// returns: node_id
UNWIND $moves AS row
MATCH (p:Pattern {pattern_id: row.pattern_id})
OPTIONAL MATCH (p)-[c:CURRENT_VERSION]->(:PatternVersion)
DELETE c
WITH DISTINCT p, row
MATCH (v:PatternVersion {node_id: row.node_id})
CREATE (p)-[:CURRENT_VERSION]->(v)
RETURN v.node_id AS node_id
