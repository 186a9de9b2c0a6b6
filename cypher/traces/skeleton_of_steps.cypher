// What decides where the hook executions ('step') and endpoint calls ('call') of traces hang and when they were, and what they are
// called, 500 to a row: [correlation_id, id, parent_id or hook_execution_id, name, status, start, end, duration_ms, arrival], with
// instants as in skeleton_of_traces.
// access: read
// parameters: correlation_ids, limit
// returns: kind, spans
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WITH id, h
LIMIT $limit
WITH collect([
  id, h.execution_id, h.parent_id, CASE WHEN h.tool_name <> '' THEN h.tool_name ELSE h.hook_type END, h.status,
  h.started_at.epochMillis, h.started_at.microsecond, h.completed_at.epochMillis, h.completed_at.microsecond,
  h.duration_ms, h.created_at.epochMillis, h.created_at.microsecond
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
  c.started_at.epochMillis, c.started_at.microsecond, c.completed_at.epochMillis, c.completed_at.microsecond,
  c.duration_ms, c.created_at.epochMillis, c.created_at.microsecond
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
  c.started_at.epochMillis, c.started_at.microsecond, c.completed_at.epochMillis, c.completed_at.microsecond,
  c.duration_ms, c.created_at.epochMillis, c.created_at.microsecond
]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN 'call' AS kind, every[begin..begin + 500] AS spans
