// The newest feedback that is about uses of each of some versions, before a time key, as far as the reader may see their traces
// (null: all).
// access: read
// parameters: ids, before, reader, limit
// returns: id, feedback
UNWIND $ids AS id
CALL {
  WITH id
  MATCH (v:PatternVersion {node_id: id})
  MATCH (v)<-[:USED]-(h:HookExecution)<-[:ABOUT]-(f:Feedback)
  MATCH (h)<-[:RAN]-(t:Trace)
  WHERE f.time_key < $before AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
  RETURN DISTINCT f
  ORDER BY f.time_key DESC
  LIMIT $limit
}
RETURN id, properties(f) AS feedback
