// The ids of all descendants of some versions, each once. Memgraph enumerates paths unless the expansion is breadth-first.
// access: read
// parameters: node_ids, limit
// returns: node_id
UNWIND $node_ids AS id
MATCH (:PatternVersion {node_id: id})-[:EDGE_TYPES *BFS]->(m:PatternVersion)
RETURN DISTINCT m.node_id AS node_id
LIMIT $limit
