// One page of the traces of each of some sessions, newest first, before a time key, as one list for each; as far as the reader
// may see them (null: all). Each session's own are sorted: a range that differs from row to row is served by no index of the
// embedded engine.
// access: read
// parameters: session_ids, before, reader, limit
// returns: session_id, items
UNWIND $session_ids AS id
CALL {
  WITH id
  MATCH (:Session {session_id: id})-[:HAS_TRACE]->(t:Trace)
  WHERE t.time_key < $before AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
  RETURN t
  ORDER BY t.time_key DESC
  LIMIT $limit
}
RETURN id AS session_id, collect(properties(t)) AS items
