// When the last prompts of sessions began, of those to which the client gave no ids.
// access: read
// parameters: session_ids, prefix, limit
// returns: session_id, correlation_id, begun
UNWIND $session_ids AS id
MATCH (:Session {session_id: id})-[:HAS_TRACE]->(t:Trace)
WHERE t.correlation_id STARTS WITH id + $prefix AND t.agent_id IS NULL AND t.started_at IS NOT NULL
RETURN id AS session_id, t.correlation_id AS correlation_id, coalesce(t.prompted_at, t.started_at) AS begun
ORDER BY begun DESC
LIMIT $limit
