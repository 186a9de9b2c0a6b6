// Hands the hook executions of a provisional trace over to the trace of its prompt.
// access: write
// parameters: provisional, into
// marks: Trace provisional, Trace into
// returns: nothing
MATCH (:Trace {correlation_id: $provisional})-[drawn:RAN]->(h:HookExecution)
MATCH (t:Trace {correlation_id: $into})
DELETE drawn
CREATE (t)-[:RAN]->(h)
SET h.correlation_id = $into, h.root_id = $into, h.spawner_root = CASE WHEN h.spawner_root IS NULL THEN null ELSE $into END
