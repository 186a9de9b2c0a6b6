// One page of the traces in which each of some steps of plans failed, newest first, before a time key, as far as the reader may see
// them (null: all).
// access: read
// parameters: step_ids, before, reader, limit
// returns: id, items
UNWIND $step_ids AS id
CALL {
  WITH id
  MATCH (s:PlanStep {step_id: id})
  MATCH (s)-[:FAILED_IN]->(t:Trace)
  WHERE t.time_key < $before AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
  RETURN t
  ORDER BY t.time_key DESC
  LIMIT $limit
}
RETURN id, collect(properties(t)) AS items
