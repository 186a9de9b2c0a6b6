// The newest feedback that is about traces in which each of some versions was used, before a time key, as far as the reader may
// see them (null: all).
// access: read
// parameters: ids, before, reader, limit
// returns: id, feedback
UNWIND $ids AS id
CALL {
  WITH id
  MATCH (v:PatternVersion {node_id: id})
  MATCH (v)<-[:USED]-(:HookExecution)<-[:RAN]-(t:Trace)<-[:ABOUT]-(f:Feedback)
  WHERE f.time_key < $before AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
  RETURN DISTINCT f
  ORDER BY f.time_key DESC
  LIMIT $limit
}
RETURN id, properties(f) AS feedback
