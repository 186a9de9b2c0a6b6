// The traces that OpenTelemetry traces belong to, but for their provisional ones.
// access: read
// parameters: otel_trace_ids
// returns: otel_trace_id, correlation_id
UNWIND $otel_trace_ids AS id
MATCH (t:Trace {otel_trace_id: id})
WHERE t.correlation_id <> id
RETURN id AS otel_trace_id, t.correlation_id AS correlation_id
