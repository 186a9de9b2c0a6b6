// The traces of an OpenTelemetry trace, as far as the reader may see them (null: all).
// access: read
// parameters: otel_trace_id, reader
// returns: correlation_id, parent_id, time_key
MATCH (t:Trace {otel_trace_id: $otel_trace_id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
RETURN t.correlation_id AS correlation_id, t.parent_id AS parent_id, t.time_key AS time_key
