// The newest feedback that is about each of some nodes of one label, before a time key.
// access: read
// parameters: ids, before, limit
// returns: id, feedback
UNWIND $ids AS id
CALL {
  WITH id
  MATCH (about:NODE_LABEL {NODE_KEY: id})
  MATCH (about)<-[:ABOUT]-(f:Feedback)
  WHERE f.time_key < $before
  RETURN DISTINCT f
  ORDER BY f.time_key DESC
  LIMIT $limit
}
RETURN id, properties(f) AS feedback
