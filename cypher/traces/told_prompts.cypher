// The last prompts of sessions, of those to which the client gave no ids or of which several tell: when they began, how their
// texts began, and what was told of them without naming them.
// access: read
// parameters: session_ids, prefix, limit
// returns: session_id, correlation_id, begun, begun_as, tellings
UNWIND $session_ids AS id
MATCH (s:Session {session_id: id})
MATCH (s)-[:HAS_TRACE]->(t:Trace)
WHERE t.agent_id IS NULL
  AND (t.begun_at IS NOT NULL OR t.prompt_tellings IS NOT NULL
       OR (t.correlation_id STARTS WITH id + $prefix AND t.started_at IS NOT NULL))
RETURN id AS session_id, t.correlation_id AS correlation_id, coalesce(t.begun_at, t.prompted_at, t.started_at) AS begun,
       t.begun_as AS begun_as, t.prompt_tellings AS tellings
ORDER BY begun DESC
LIMIT $limit
