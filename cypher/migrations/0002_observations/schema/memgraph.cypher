// What version 2 brought: sessions by time, open traces, log records, data points, and the evidence that ties traces together.
CREATE CONSTRAINT ON (n:LogRecord) ASSERT n.record_id IS UNIQUE;
CREATE INDEX ON :LogRecord(record_id);
CREATE CONSTRAINT ON (n:MetricPoint) ASSERT n.point_id IS UNIQUE;
CREATE INDEX ON :MetricPoint(point_id);
CREATE INDEX ON :Session(time_key);
CREATE INDEX ON :Trace(root_id);
CREATE INDEX ON :Trace(otel_trace_id);
CREATE INDEX ON :Trace(open_key);
CREATE INDEX ON :Trace(continues);
CREATE INDEX ON :Trace(spawned_by_task_notification);
CREATE INDEX ON :Trace(spawned_by_client);
CREATE INDEX ON :HookExecution(span_id);
CREATE INDEX ON :HookExecution(spawner_root);
CREATE INDEX ON :EndpointCall(nested_in);
