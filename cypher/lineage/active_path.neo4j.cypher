// The shortest path of open edges between two versions, as node ids. Neo4j takes no property map inside shortestPath, but
// evaluates this predicate while it searches.
// access: read
// parameters: source_node_id, target_node_id
// returns: node_ids
MATCH (source:PatternVersion {node_id: $source_node_id}), (target:PatternVersion {node_id: $target_node_id})
MATCH path = shortestPath((source)-[:EDGE_TYPES*1..]->(target))
WHERE all(r IN relationships(path) WHERE r.active = true)
RETURN [n IN nodes(path) | n.node_id] AS node_ids
