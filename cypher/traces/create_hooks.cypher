// Makes hook executions under their traces.
// access: write
// parameters: rows
// marks: Trace rows.correlation_id
// returns: written
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.correlation_id})
CREATE (t)-[:RAN]->(h:HookExecution)
SET h = row
RETURN count(*) AS written
