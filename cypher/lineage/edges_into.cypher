// The edges into some versions: the parents' side of a frontier, or all edges of a set reached against the edges.
// access: read
// parameters: node_ids
// returns: edge, relationship_type
UNWIND $node_ids AS id
MATCH (:PatternVersion {node_id: id})<-[r:EDGE_TYPES]-(:PatternVersion)
RETURN properties(r) AS edge, type(r) AS relationship_type
