// The edges out of some versions: the children's side of a frontier, or all edges of a set reached along the edges.
// access: read
// parameters: node_ids
// returns: edge, relationship_type
UNWIND $node_ids AS id
MATCH (:PatternVersion {node_id: id})-[r:EDGE_TYPES]->(:PatternVersion)
RETURN properties(r) AS edge, type(r) AS relationship_type
