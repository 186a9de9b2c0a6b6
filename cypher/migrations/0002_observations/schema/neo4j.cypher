// What version 2 brought: sessions by time, open traces, log records, data points, and the evidence that ties traces together.
CREATE CONSTRAINT log_record_record_id IF NOT EXISTS FOR (n:LogRecord) REQUIRE n.record_id IS UNIQUE;
CREATE CONSTRAINT metric_point_point_id IF NOT EXISTS FOR (n:MetricPoint) REQUIRE n.point_id IS UNIQUE;
CREATE INDEX session_time_key IF NOT EXISTS FOR (n:Session) ON (n.time_key);
CREATE INDEX trace_root_id IF NOT EXISTS FOR (n:Trace) ON (n.root_id);
CREATE INDEX trace_otel_trace_id IF NOT EXISTS FOR (n:Trace) ON (n.otel_trace_id);
CREATE INDEX trace_open_key IF NOT EXISTS FOR (n:Trace) ON (n.open_key);
CREATE INDEX trace_continues IF NOT EXISTS FOR (n:Trace) ON (n.continues);
CREATE INDEX trace_spawned_by_task_notification IF NOT EXISTS FOR (n:Trace) ON (n.spawned_by_task_notification);
CREATE INDEX trace_spawned_by_client IF NOT EXISTS FOR (n:Trace) ON (n.spawned_by_client);
CREATE INDEX hook_execution_span_id IF NOT EXISTS FOR (n:HookExecution) ON (n.span_id);
CREATE INDEX hook_execution_spawner_root IF NOT EXISTS FOR (n:HookExecution) ON (n.spawner_root);
CREATE INDEX endpoint_call_nested_in IF NOT EXISTS FOR (n:EndpointCall) ON (n.nested_in);
