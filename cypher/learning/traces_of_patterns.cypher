// One page of the traces that taught each of some learned patterns, newest first, before a time key, in one role (null: any), as far
// as the reader may see them (null: all).
// access: read
// parameters: pattern_ids, role, before, reader, limit
// returns: id, items
UNWIND $pattern_ids AS id
CALL {
  WITH id
  MATCH (l:LearnedPattern {pattern_id: id})
  MATCH (l)<-[r:TAUGHT]-(t:Trace)
  WHERE t.time_key < $before AND ($role IS NULL OR r.role = $role)
    AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
  RETURN t
  ORDER BY t.time_key DESC
  LIMIT $limit
}
RETURN id, collect(properties(t)) AS items
