// Gives a prompt that was told of late the hook executions of its time that went by their order to subagents.
// access: write
// parameters: session, prompt, since, until, turn, spawning_tools
// returns: moved
MATCH (:Session {session_id: $session})-[:HAS_TRACE]->(s:Trace)
WHERE s.agent_id IS NOT NULL
MATCH (s)-[:RAN]->(h:HookExecution)
WHERE h.ordered_at >= $since AND h.ordered_at < $until
SET h.root_id = $prompt, h.turn = $turn,
    h.spawner_root = CASE WHEN h.tool_name IN $spawning_tools THEN $prompt END
RETURN count(*) AS moved
