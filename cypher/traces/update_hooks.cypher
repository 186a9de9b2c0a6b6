// Sets properties of hook executions.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (h:HookExecution {execution_id: row.id})
SET h += row.changes
