// Sets properties of hook executions.
// access: write
// parameters: rows
// marks: HookExecution rows.id
// returns: nothing
UNWIND $rows AS row
MATCH (h:HookExecution {execution_id: row.id})
SET h += row.changes
