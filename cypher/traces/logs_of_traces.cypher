// One page of the log records of each of some traces, in the order of time, after an instant and an id, as one list for each; as
// far as the reader may see the traces (null: all).
// access: read
// parameters: correlation_ids, at, record_id, reader, limit
// returns: correlation_id, items
UNWIND $correlation_ids AS id
CALL {
  WITH id
  MATCH (t:Trace {correlation_id: id})-[:LOGGED]->(l:LogRecord)
  WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
  WITH l, coalesce(l.at, l.created_at) AS at
  WHERE at > $at OR (at = $at AND l.record_id > $record_id)
  RETURN l
  ORDER BY at, l.record_id
  LIMIT $limit
}
RETURN id AS correlation_id, collect(properties(l)) AS items
