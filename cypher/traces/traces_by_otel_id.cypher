// The traces that OpenTelemetry traces belong to. ``left``: there is a provisional one beside, which another process has made at
// the same time.
// access: read
// parameters: otel_trace_ids
// returns: otel_trace_id, correlation_id, left
UNWIND $otel_trace_ids AS id
MATCH (t:Trace {otel_trace_id: id})
WHERE t.correlation_id <> id
OPTIONAL MATCH (provisional:Trace {correlation_id: id})
RETURN id AS otel_trace_id, t.correlation_id AS correlation_id, provisional IS NOT NULL AS left
