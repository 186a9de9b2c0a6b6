// Gives a prompt that was told of late the subagents that began in its time; those that had begun before stay with their prompts.
// access: write
// parameters: session_id, prompt, since, until, turn
// marks: Session session_id
// returns: properties
MATCH (s:Session {session_id: $session_id})
MATCH (s)-[:HAS_TRACE]->(a:Trace)
WHERE a.agent_id IS NOT NULL AND a.ordered_at >= $since AND a.ordered_at < $until
SET a.root_id = $prompt, a.turn = $turn
WITH a
RETURN properties(a) AS properties
