// Some versions and their ancestors within 256 edges, with the edges into them and, where they are wanted whole, the versions.
// Memgraph enumerates paths unless the expansion is breadth-first.
// access: read
// parameters: node_ids, limit, whole
// returns: node_ids, edges, versions
CALL {
  MATCH (v:PatternVersion)<-[:EDGE_TYPES *BFS ..256]-(m:PatternVersion)
  WHERE v.node_id IS_START
  RETURN DISTINCT m.node_id AS node_id
  LIMIT $limit
}
WITH collect(node_id) AS reached
WITH $node_ids + [id IN reached WHERE NOT id IN $node_ids] AS every
UNWIND range(0, size(every) - 1, 200) AS begin
WITH every[begin..begin + 200] AS ids
CALL {
  WITH ids
  UNWIND ids AS id
  MATCH (:PatternVersion {node_id: id})<-[r:EDGE_TYPES]-(:PatternVersion)
  RETURN collect([properties(r), type(r)]) AS edges
}
CALL {
  WITH ids
  UNWIND CASE WHEN $whole THEN ids ELSE [] END AS id
  MATCH (v:PatternVersion {node_id: id})
  RETURN collect(properties(v)) AS versions
}
RETURN ids AS node_ids, edges, versions
