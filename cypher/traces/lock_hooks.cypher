// Takes the write locks of hook executions and returns them as they are then; unknown ids have no row.
// access: write
// parameters: execution_ids, turn
// marks: nothing
// returns: properties
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
SET h.turn = $turn
WITH h
RETURN properties(h) AS properties
