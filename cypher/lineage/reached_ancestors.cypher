// The ids of the ancestors of some versions within 256 edges, as one list. DISTINCT on one value makes this a pruned search,
// linear in the edges reached from each start: a path variable would enumerate paths, and so would UNWIND in the place of IN on the
// embedded engine. Neo4j answers an ancestor of several starts several times.
// access: read
// parameters: node_ids, limit
// returns: node_ids
CALL {
  MATCH (v:PatternVersion)<-[:EDGE_TYPES*1..256]-(m:PatternVersion)
  WHERE v.node_id IN $node_ids
  RETURN DISTINCT m.node_id AS node_id
  LIMIT $limit
}
RETURN collect(node_id) AS node_ids
