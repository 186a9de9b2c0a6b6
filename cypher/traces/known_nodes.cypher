// What is there of what a batch is about, and the traces that name its hook executions as the ones that spawned them or whose work
// they go on with; also the prompts' traces of OpenTelemetry traces.
// access: read
// parameters: correlation_ids, execution_ids, call_ids, session_ids, otel_trace_ids
// returns: kind, nodes
UNWIND $correlation_ids AS id
MATCH (n:Trace {correlation_id: id})
RETURN 'trace' AS kind, collect(properties(n)) AS nodes
UNION ALL
UNWIND $execution_ids AS id
MATCH (n:HookExecution {execution_id: id})
RETURN 'hook' AS kind, collect(properties(n)) AS nodes
UNION ALL
UNWIND $call_ids AS id
MATCH (n:EndpointCall {call_id: id})
RETURN 'call' AS kind, collect(properties(n)) AS nodes
UNION ALL
UNWIND $session_ids AS id
MATCH (n:Session {session_id: id})
RETURN 'session' AS kind, collect(properties(n)) AS nodes
UNION ALL
UNWIND $execution_ids AS id
MATCH (n:Trace {continues: id})
RETURN 'naming' AS kind, collect(properties(n)) AS nodes
UNION ALL
UNWIND $execution_ids AS id
MATCH (n:Trace {spawned_by_task_notification: id})
RETURN 'naming' AS kind, collect(properties(n)) AS nodes
UNION ALL
UNWIND $execution_ids AS id
MATCH (n:Trace {spawned_by_client: id})
RETURN 'naming' AS kind, collect(properties(n)) AS nodes
UNION ALL
UNWIND $otel_trace_ids AS id
MATCH (n:Trace {otel_trace_id: id})
WHERE n.correlation_id <> id
RETURN 'prompt' AS kind, collect(properties(n)) AS nodes
