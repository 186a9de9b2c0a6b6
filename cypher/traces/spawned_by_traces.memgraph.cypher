// The ids of what some traces spawned, within 257 steps, and of what names them as the trace of its prompt. Memgraph enumerates
// paths unless the expansion is breadth-first.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id
MATCH (h:Trace)-[:SPAWNED *BFS ..257]->(t:Trace)
WHERE h.correlation_id IN $correlation_ids
RETURN DISTINCT t.correlation_id AS correlation_id
LIMIT $limit
UNION
MATCH (t:Trace)
WHERE t.root_id IN $correlation_ids
RETURN t.correlation_id AS correlation_id
LIMIT $limit
