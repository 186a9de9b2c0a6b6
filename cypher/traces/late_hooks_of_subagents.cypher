// Gives a prompt that was told of late the hook executions of its time that went by their order to subagents.
// access: write
// parameters: session_id, prompt, since, until, turn
// marks: Session session_id
// returns: moved
MATCH (s:Session {session_id: $session_id})
MATCH (s)-[:HAS_TRACE]->(a:Trace)
WHERE a.agent_id IS NOT NULL
MATCH (a)-[:RAN]->(h:HookExecution)
WHERE h.ordered_at >= $since AND h.ordered_at < $until
SET h.root_id = $prompt, h.turn = $turn, h.spawner_root = CASE WHEN h.spawner_root IS NULL THEN null ELSE $prompt END
RETURN count(*) AS moved
