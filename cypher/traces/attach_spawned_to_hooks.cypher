// Hangs spawned traces under the very executions that spawned them.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (child:Trace {correlation_id: row.correlation_id})
MATCH (h:HookExecution {execution_id: row.spawned_by})
CREATE (h)-[:SPAWNED {rule: row.spawn_rule, evidence: row.spawn_evidence}]->(child)
RETURN count(*) AS written
