// The edges of one type from one version to another, open or closed.
// access: read
// parameters: source_node_id, target_node_id
// returns: edge, relationship_type
MATCH (:PatternVersion {node_id: $source_node_id})-[r:EDGE_TYPE]->(:PatternVersion {node_id: $target_node_id})
RETURN properties(r) AS edge, type(r) AS relationship_type
