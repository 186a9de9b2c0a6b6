// As skeleton_of_steps.cypher, with each instant as it is, and null: Memgraph has no milliseconds since 1970.
// access: read
// parameters: correlation_ids, limit
// returns: kind, spans
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WITH id, h
LIMIT $limit
WITH collect([
  id, h.execution_id, h.parent_id, CASE WHEN h.tool_name <> '' THEN h.tool_name ELSE h.hook_type END, h.status,
  h.started_at, null, h.completed_at, null,
  h.duration_ms, h.created_at, null
]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN 'step' AS kind, every[begin..begin + 500] AS spans
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
WITH collect([
  id, c.call_id, c.hook_execution_id,
  CASE WHEN c.model <> '' THEN c.model ELSE coalesce(c.http_method, 'POST') + ' ' + c.service_name + ' ' + c.endpoint_path END,
  c.status,
  c.started_at, null, c.completed_at, null,
  c.duration_ms, c.created_at, null
]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN 'call' AS kind, every[begin..begin + 500] AS spans
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
WITH collect([
  id, c.call_id, c.hook_execution_id,
  CASE WHEN c.model <> '' THEN c.model ELSE coalesce(c.http_method, 'POST') + ' ' + c.service_name + ' ' + c.endpoint_path END,
  c.status,
  c.started_at, null, c.completed_at, null,
  c.duration_ms, c.created_at, null
]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN 'call' AS kind, every[begin..begin + 500] AS spans
