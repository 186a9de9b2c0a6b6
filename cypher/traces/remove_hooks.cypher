// Removes hook executions whose reports have turned out to be of others.
// access: write
// parameters: execution_ids
// marks: nothing
// returns: removed
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
DETACH DELETE h
RETURN count(*) AS removed
