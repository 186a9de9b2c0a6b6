// The newest feedback that is about steps of each of some traces, before a time key.
// access: read
// parameters: ids, before, limit
// returns: id, feedback
UNWIND $ids AS id
CALL {
  WITH id
  MATCH (about:Trace {correlation_id: id})
  MATCH (about)-[:RAN]->(:HookExecution)<-[:ABOUT]-(f:Feedback)
  WHERE f.time_key < $before
  RETURN DISTINCT f
  ORDER BY f.time_key DESC
  LIMIT $limit
}
RETURN id, properties(f) AS feedback
