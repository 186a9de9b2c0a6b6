// The edges of one type between pairs of versions, from the first to the second, open or closed.
// access: read
// parameters: pairs
// returns: edge, relationship_type
UNWIND $pairs AS row
MATCH (:PatternVersion {node_id: row.source_node_id})-[r:EDGE_TYPE]->(:PatternVersion {node_id: row.target_node_id})
RETURN properties(r) AS edge, type(r) AS relationship_type
