// The last prompts of sessions until an instant, of those to which the client gave no ids or of which several tell: when they began,
// how their texts began, and what was told of them without naming them. ``rows``: session_id, until.
// access: read
// parameters: rows, prefix, limit
// returns: session_id, correlation_id, begun, begun_as, tellings
UNWIND $rows AS row
MATCH (s:Session {session_id: row.session_id})
MATCH (s)-[:HAS_TRACE]->(t:Trace)
WHERE t.agent_id IS NULL
  AND (t.begun_at IS NOT NULL OR t.prompt_tellings IS NOT NULL
       OR (t.correlation_id STARTS WITH row.session_id + $prefix AND t.started_at IS NOT NULL))
  AND coalesce(t.begun_at, t.prompted_at, t.started_at) <= row.until
RETURN row.session_id AS session_id, t.correlation_id AS correlation_id,
       coalesce(t.begun_at, t.prompted_at, t.started_at) AS begun, t.begun_as AS begun_as, t.prompt_tellings AS tellings
ORDER BY begun DESC
LIMIT $limit
