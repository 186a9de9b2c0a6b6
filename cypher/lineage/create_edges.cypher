// Draws edges of one type between existing versions.
// access: write
// parameters: edges
// returns: edge_id
UNWIND $edges AS row
MATCH (source:PatternVersion {node_id: row.source_node_id})
MATCH (target:PatternVersion {node_id: row.target_node_id})
CREATE (source)-[r:EDGE_TYPE]->(target)
SET r = row
RETURN r.edge_id AS edge_id
