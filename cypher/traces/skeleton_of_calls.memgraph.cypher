// As skeleton_of_calls.cypher, with each instant as it is, and null: Memgraph has no milliseconds since 1970.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, spans
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
RETURN id AS correlation_id, collect([
  c.call_id, c.hook_execution_id, c.status,
  c.started_at, null, c.completed_at, null,
  c.duration_ms, c.created_at, null
]) AS spans
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
RETURN id AS correlation_id, collect([
  c.call_id, c.hook_execution_id, c.status,
  c.started_at, null, c.completed_at, null,
  c.duration_ms, c.created_at, null
]) AS spans
