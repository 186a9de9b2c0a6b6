// The ids of what some traces spawned, within 257 steps, and of what names them as the trace of its prompt. DISTINCT on one value
// makes the first part a pruned search, linear in the traces reached; UNWIND in the place of IN would enumerate paths, and in a
// CALL, the embedded engine would look at all traces.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id
MATCH (h:Trace)-[:SPAWNED*1..257]->(t:Trace)
WHERE h.correlation_id IN $correlation_ids
RETURN DISTINCT t.correlation_id AS correlation_id
LIMIT $limit
UNION
MATCH (t:Trace)
WHERE t.root_id IN $correlation_ids
RETURN t.correlation_id AS correlation_id
LIMIT $limit
