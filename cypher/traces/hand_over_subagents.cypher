// The subagents of a provisional trace, and what they ran, belong to the prompt from now on.
// access: write
// parameters: provisional, into
// marks: Trace provisional, Trace into
// returns: nothing
MATCH (s:Trace {root_id: $provisional})
SET s.root_id = $into
WITH s
MATCH (s)-[:RAN]->(h:HookExecution)
SET h.root_id = $into, h.spawner_root = CASE WHEN h.spawner_root IS NULL THEN null ELSE $into END
