// The traces of an OpenTelemetry trace, as far as the subject may see them (null: all).
// access: read
// parameters: otel_trace_id, subject
// returns: correlation_id, parent_id, time_key
MATCH (t:Trace {otel_trace_id: $otel_trace_id})
WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
RETURN t.correlation_id AS correlation_id, t.parent_id AS parent_id, t.time_key AS time_key
