// Moves hook executions to the traces that better evidence names.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (:Trace)-[drawn:RAN]->(h:HookExecution {execution_id: row.execution_id})
MATCH (t:Trace {correlation_id: row.correlation_id})
DELETE drawn
CREATE (t)-[:RAN]->(h)
RETURN count(*) AS written
