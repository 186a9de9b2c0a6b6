// When the traces of sessions began that may be of prompts.
// access: read
// parameters: session_ids
// returns: session_id, correlation_id, otel_trace_id, source, started_at, prompted_at, uses
UNWIND $session_ids AS id
MATCH (:Session {session_id: id})-[:HAS_TRACE]->(t:Trace)
WHERE t.agent_id IS NULL
RETURN id AS session_id, t.correlation_id AS correlation_id, t.otel_trace_id AS otel_trace_id, t.source AS source,
       t.started_at AS started_at, t.prompted_at AS prompted_at, t.uses AS uses
