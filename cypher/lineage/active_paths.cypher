// The shortest path of open edges from the first to the second of each pair of versions, as node ids, where there is one.
// access: read
// parameters: pairs
// returns: node_ids
UNWIND $pairs AS row
MATCH (source:PatternVersion {node_id: row.source_node_id}), (target:PatternVersion {node_id: row.target_node_id})
MATCH path = shortestPath((source)-[:EDGE_TYPES*1.. {active: true}]->(target))
RETURN [n IN nodes(path) | n.node_id] AS node_ids
