// As trees_in_context.cypher: Memgraph enumerates paths unless the expansion is breadth-first.
// access: read
// parameters: correlation_ids, reader, limit
// returns: found
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
OPTIONAL MATCH (t)-[:ROUTED_BY]->(d:RoutingDecision)
OPTIONAL MATCH (e:Trace)-[:CONTINUED_BY]->(t)
RETURN [properties(t), properties(d), e.correlation_id] AS found
UNION ALL
MATCH (h:Trace)-[:SPAWNED *BFS ..257]->(t:Trace)
WHERE h.correlation_id IN $correlation_ids
RETURN DISTINCT t.correlation_id AS found
LIMIT $limit
UNION ALL
MATCH (t:Trace)
WHERE t.root_id IN $correlation_ids
RETURN t.correlation_id AS found
LIMIT $limit
