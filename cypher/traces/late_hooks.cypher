// Gives a prompt that was told of late the hook executions of its time that went by their order to what was known before it.
// access: write
// parameters: previous, prompt, since, until, turn, spawning_tools
// marks: Trace previous, Trace prompt
// returns: moved
MATCH (:Trace {correlation_id: $previous})-[drawn:RAN]->(h:HookExecution)
WHERE h.ordered_at >= $since AND h.ordered_at < $until
MATCH (t:Trace {correlation_id: $prompt})
DELETE drawn
CREATE (t)-[:RAN]->(h)
SET h.correlation_id = $prompt, h.root_id = $prompt, h.turn = $turn,
    h.spawner_root = CASE WHEN h.tool_name IN $spawning_tools THEN $prompt END
RETURN count(*) AS moved
