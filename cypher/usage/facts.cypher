// What is counted of traces: a row for all of them ('trace'), and for each 500 of the hook executions ('step') and endpoint calls
// ('call') of each, with the columns of `contracts/analytics/counting`. What most steps have nothing to do with is only sent where it counts.
// access: read
// parameters: correlation_ids, prompted, measures
// returns: kind, correlation_id, facts
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
OPTIONAL MATCH (s:Session {session_id: coalesce(t.session_id, '')})
RETURN 'trace' AS kind, null AS correlation_id, collect([
  t.correlation_id, t.root_id, t.session_id, t.session_key, t.user_id, coalesce(t.agent, t.agent_type),
  coalesce(t.project, s.project, s.cwd),
  t.source = $prompted, t.uses, t.status, t.error_type, t.started_at, t.completed_at, t.duration_ms, t.created_at, t.tags, t.context
]) AS facts
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WITH id, collect([
  h.execution_id, h.hook_type, h.tool_name, h.status, h.error_type, h.started_at,
  CASE WHEN h.started_at IS NULL OR h.duration_ms IS NULL THEN h.completed_at END, h.duration_ms,
  CASE WHEN h.started_at IS NULL AND h.completed_at IS NULL THEN h.created_at END,
  h.quality_score, size(h.intelligence_functions_executed), size(h.quality_gates_validated), h.node_id,
  CASE WHEN h.node_id IS NOT NULL THEN coalesce(h.unit, h.session_id, h.root_id, h.correlation_id) END, h.pattern_type IS NOT NULL,
  CASE WHEN h.context IS NULL THEN null WHEN any(name IN $measures WHERE h.context CONTAINS name) THEN h.context END
]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN 'step' AS kind, id AS correlation_id, every[begin..begin + 500] AS facts
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WITH id, collect([
  c.call_id, c.hook_execution_id, c.service_name, c.endpoint_path, c.status, c.error_type, c.started_at,
  CASE WHEN c.started_at IS NULL OR c.duration_ms IS NULL THEN c.completed_at END, c.duration_ms,
  CASE WHEN c.started_at IS NULL AND c.completed_at IS NULL THEN c.created_at END, c.retry_count, c.model, c.input_tokens,
  c.cache_read_tokens, c.cache_write_tokens, c.output_tokens, c.reasoning_tokens, c.cost_usd, c.price_usd, c.retold, c.paid_by,
  c.pays_for
]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN 'call' AS kind, id AS correlation_id, every[begin..begin + 500] AS facts
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
WITH id, collect([
  c.call_id, c.hook_execution_id, c.service_name, c.endpoint_path, c.status, c.error_type, c.started_at,
  CASE WHEN c.started_at IS NULL OR c.duration_ms IS NULL THEN c.completed_at END, c.duration_ms,
  CASE WHEN c.started_at IS NULL AND c.completed_at IS NULL THEN c.created_at END, c.retry_count, c.model, c.input_tokens,
  c.cache_read_tokens, c.cache_write_tokens, c.output_tokens, c.reasoning_tokens, c.cost_usd, c.price_usd, c.retold, c.paid_by,
  c.pays_for
]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN 'call' AS kind, id AS correlation_id, every[begin..begin + 500] AS facts
