// Some versions and their descendants within 256 edges: their ids, the edges out of them as pairs [edge, relationship_type] and, where
// they are wanted whole, the versions; 200 of them to a row, as a driver takes as long for a record as for what is in it. DISTINCT
// on one value makes this a pruned search, linear in the edges reached from each start: a path variable would enumerate paths, and
// so would UNWIND or a second WITH before it on the embedded engine, which in a CALL looks at all versions for IN, and finds one by
// its index for the equality with which one start is asked for. Neo4j answers a descendant of several starts several times.
// access: read
// parameters: node_ids, limit, whole
// returns: node_ids, edges, versions
CALL {
  MATCH (v:PatternVersion)-[:EDGE_TYPES*1..256]->(m:PatternVersion)
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
  MATCH (:PatternVersion {node_id: id})-[r:EDGE_TYPES]->(:PatternVersion)
  RETURN collect([properties(r), type(r)]) AS edges
}
CALL {
  WITH ids
  UNWIND CASE WHEN $whole THEN ids ELSE [] END AS id
  MATCH (v:PatternVersion {node_id: id})
  RETURN collect(properties(v)) AS versions
}
RETURN ids AS node_ids, edges, versions
