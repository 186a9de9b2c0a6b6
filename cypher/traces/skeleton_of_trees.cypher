// Some traces as one list of what skeleton_of_traces has of each; and, each a text, the ids of all that they spawned,
// within 257 steps, and of what names them as the trace of its prompt. DISTINCT on one value makes that a pruned search, linear in
// the traces reached; UNWIND in the place of IN would enumerate paths, and in a CALL, the embedded engine would look at all traces.
// access: read
// parameters: correlation_ids, reader, limit
// returns: found
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
OPTIONAL MATCH (e:Trace)-[:CONTINUED_BY]->(t)
WITH t, e.correlation_id AS continued_from
RETURN collect([
  t.correlation_id, t.spawned_by, t.parent_id, t.root_id, continued_from,
  CASE WHEN t.agent_type <> '' THEN t.agent_type WHEN t.agent <> '' THEN t.agent ELSE t.source END, t.status,
  t.started_at.epochMillis, t.started_at.microsecond, t.completed_at.epochMillis, t.completed_at.microsecond,
  t.duration_ms, t.created_at.epochMillis, t.created_at.microsecond
]) AS found
UNION ALL
MATCH (h:Trace)-[:SPAWNED*1..257]->(t:Trace)
WHERE h.correlation_id IN $correlation_ids
RETURN DISTINCT t.correlation_id AS found
LIMIT $limit
UNION ALL
MATCH (t:Trace)
WHERE t.root_id IN $correlation_ids
RETURN t.correlation_id AS found
LIMIT $limit
