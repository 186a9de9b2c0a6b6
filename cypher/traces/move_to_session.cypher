// Tells the hook executions of a subagent's trace whose they are, which had been taken for those of a session of its own.
// access: write
// parameters: correlation_id, session_id, turn
// marks: Trace correlation_id
// returns: moved
MATCH (t:Trace {correlation_id: $correlation_id})
MATCH (t)-[:RAN]->(h:HookExecution)
WHERE h.session_id <> $session_id OR h.root_id = $correlation_id
SET h.session_id = $session_id, h.root_id = t.root_id, h.turn = $turn
RETURN count(h) AS moved
