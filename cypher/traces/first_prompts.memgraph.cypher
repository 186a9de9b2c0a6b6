// Whatever is at the top of a trace: not spawned by a trace, and going on with none. Memgraph enumerates paths unless the
// expansion is breadth-first, and such an expansion begins at one step.
// access: read
// parameters: correlation_ids
// returns: correlation_id, root_id
MATCH (h:Trace)
WHERE h.correlation_id IN $correlation_ids AND NOT exists((:Trace)-[:SPAWNED|CONTINUED_BY]->(h))
RETURN h.correlation_id AS correlation_id, h.root_id AS root_id
UNION
MATCH (t:Trace)<-[:SPAWNED|CONTINUED_BY *BFS ..256]-(h:Trace)
WHERE t.correlation_id IN $correlation_ids AND NOT exists((:Trace)-[:SPAWNED|CONTINUED_BY]->(h))
RETURN DISTINCT h.correlation_id AS correlation_id, h.root_id AS root_id
