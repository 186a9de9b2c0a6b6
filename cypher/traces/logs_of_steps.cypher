// One page of the log records of each of some steps or calls, which are those that name their spans, in the order of time, after an
// instant and an id, as one list for each; as far as the reader may see their traces (null: all).
// access: read
// parameters: rows, at, record_id, reader, limit
// returns: correlation_id, span_key, items
UNWIND $rows AS row
CALL {
  WITH row
  MATCH (t:Trace {correlation_id: row.correlation_id})-[:LOGGED]->(l:LogRecord)
  WHERE l.span_key = row.span_key AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
  WITH l, coalesce(l.at, l.created_at) AS at
  WHERE at > $at OR (at = $at AND l.record_id > $record_id)
  RETURN l
  ORDER BY at, l.record_id
  LIMIT $limit
}
RETURN row.correlation_id AS correlation_id, row.span_key AS span_key, collect(properties(l)) AS items
