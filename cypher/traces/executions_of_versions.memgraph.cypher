// One page of the finished executions of each of some versions, newest first, before a time key, as one list for each; as far as the
// reader may see their traces (null: all).
// access: read
// parameters: node_ids, before, reader, limit
// returns: node_id, items
UNWIND $node_ids AS id
CALL {
  WITH id
  MATCH (v:PatternVersion {node_id: id})
  MATCH (v)<-[:USED]-(h:HookExecution)
  WHERE h.version_key < id + '|' + $before
  MATCH (t:Trace)-[:RAN]->(h)
  WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
  RETURN h
  ORDER BY h.version_key DESC
  LIMIT $limit
}
RETURN id AS node_id, collect(properties(h)) AS items
