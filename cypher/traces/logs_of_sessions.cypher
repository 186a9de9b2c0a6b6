// One page of the log records of each of some sessions and of their traces, in the order of time, after an instant and an id, as
// one list for each; as far as the reader may see what they belong to (null: all).
// access: read
// parameters: session_ids, at, record_id, reader, limit
// returns: session_id, items
UNWIND $session_ids AS id
CALL {
  WITH id
  MATCH (:Session {session_id: id})-[:HAS_TRACE*0..1]->(owner)-[:LOGGED]->(l:LogRecord)
  WHERE $reader IS NULL OR owner.owner IN $reader OR owner.shared_in IN $reader
  WITH l, coalesce(l.at, l.created_at) AS at
  WHERE at > $at OR (at = $at AND l.record_id > $record_id)
  RETURN l
  ORDER BY at, l.record_id
  LIMIT $limit
}
RETURN id AS session_id, collect(properties(l)) AS items
