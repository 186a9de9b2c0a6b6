// As skeleton_of_trees.cypher, with instants as in skeleton_of_traces.memgraph: Memgraph enumerates paths unless the expansion is
// breadth-first.
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
  t.started_at, null, t.completed_at, null,
  t.duration_ms, t.created_at, null
]) AS found
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
