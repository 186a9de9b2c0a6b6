// Gives a prompt that was told of late the subagents that began in its time; those that had begun before stay with their prompts.
// access: write
// parameters: session, prompt, since, until, turn
// returns: moved
MATCH (:Session {session_id: $session})-[:HAS_TRACE]->(s:Trace)
WHERE s.agent_id IS NOT NULL AND s.ordered_at >= $since AND s.ordered_at < $until
SET s.root_id = $prompt, s.turn = $turn
RETURN count(*) AS moved
