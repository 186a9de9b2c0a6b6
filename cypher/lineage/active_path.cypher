// The shortest path of open edges between two versions, as node ids.
// access: read
// parameters: source_node_id, target_node_id
// returns: node_ids
MATCH (source:PatternVersion {node_id: $source_node_id}), (target:PatternVersion {node_id: $target_node_id})
MATCH path = shortestPath((source)-[:EDGE_TYPES*1.. {active: true}]->(target))
RETURN [n IN nodes(path) | n.node_id] AS node_ids
