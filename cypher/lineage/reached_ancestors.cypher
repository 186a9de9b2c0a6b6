// The ids of all ancestors of some versions, each once. DISTINCT on one value makes this a pruned search,
// linear in the edges reached; a path variable would enumerate paths.
// access: read
// parameters: node_ids, limit
// returns: node_id
UNWIND $node_ids AS id
MATCH (:PatternVersion {node_id: id})<-[:EDGE_TYPES*1..]-(m:PatternVersion)
RETURN DISTINCT m.node_id AS node_id
LIMIT $limit
