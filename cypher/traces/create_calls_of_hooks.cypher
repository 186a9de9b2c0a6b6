// Makes endpoint calls under the hook executions that made them.
// access: write
// parameters: rows
// marks: Trace rows.correlation_id
// returns: written
UNWIND $rows AS row
MATCH (h:HookExecution {execution_id: row.hook_execution_id})
CREATE (h)-[:CALLED]->(c:EndpointCall)
SET c = row
RETURN count(*) AS written
