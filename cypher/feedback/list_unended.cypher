// Lists executions that a decision counted as failures because they never ended among those of their versions, by time.
// access: write
// parameters: rows
// marks: nothing
// returns: execution_id
UNWIND $rows AS row
MATCH (h:HookExecution {execution_id: row.execution_id})
SET h.version_key = coalesce(h.version_key, row.version_key)
RETURN h.execution_id AS execution_id
