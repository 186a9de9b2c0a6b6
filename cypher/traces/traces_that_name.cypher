// Traces that name hook executions as the ones that spawned them, or whose work they go on with.
// access: read
// parameters: execution_ids
// returns: properties
UNWIND $execution_ids AS id
MATCH (t:Trace {continues: id})
RETURN properties(t) AS properties
UNION
UNWIND $execution_ids AS id
MATCH (t:Trace {spawned_by_task_notification: id})
RETURN properties(t) AS properties
UNION
UNWIND $execution_ids AS id
MATCH (t:Trace {spawned_by_client: id})
RETURN properties(t) AS properties
