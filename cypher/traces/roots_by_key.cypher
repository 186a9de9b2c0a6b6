// The traces of the prompts that hook executions and subagents' traces belong to. ``provisional``: it is the trace of an OpenTelemetry
// trace whose prompt is not known yet.
// access: read
// parameters: execution_ids, correlation_ids
// returns: key, root_id, provisional
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
WHERE h.root_id IS NOT NULL
OPTIONAL MATCH (t:Trace {correlation_id: h.root_id})
RETURN id AS key, h.root_id AS root_id, coalesce(t.otel_trace_id = t.correlation_id, false) AS provisional
UNION ALL
UNWIND $correlation_ids AS id
MATCH (s:Trace {correlation_id: id})
WHERE s.root_id IS NOT NULL
OPTIONAL MATCH (t:Trace {correlation_id: s.root_id})
RETURN id AS key, s.root_id AS root_id, coalesce(t.otel_trace_id = t.correlation_id, false) AS provisional
