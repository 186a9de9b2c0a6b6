// The ids of the ancestors of some versions within 256 edges, as one list. Memgraph enumerates paths unless the expansion is
// breadth-first.
// access: read
// parameters: node_ids, limit
// returns: node_ids
CALL {
  MATCH (v:PatternVersion)<-[:EDGE_TYPES *BFS ..256]-(m:PatternVersion)
  WHERE v.node_id IN $node_ids
  RETURN DISTINCT m.node_id AS node_id
  LIMIT $limit
}
RETURN collect(node_id) AS node_ids
