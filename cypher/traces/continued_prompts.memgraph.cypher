// The ids of prompts and of those that go on with them, within 256 steps. Memgraph enumerates paths unless the expansion is
// breadth-first, and such an expansion begins at one step.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id
MATCH (t:Trace)
WHERE t.correlation_id IN $correlation_ids
RETURN t.correlation_id AS correlation_id
LIMIT $limit
UNION
MATCH (h:Trace)-[:CONTINUED_BY *BFS ..256]->(t:Trace)
WHERE h.correlation_id IN $correlation_ids
RETURN DISTINCT t.correlation_id AS correlation_id
LIMIT $limit
