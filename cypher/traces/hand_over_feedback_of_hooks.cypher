// What people said, and others reported, of hook executions whose reports are of others, they said of those.
// access: write
// parameters: rows
// marks: HookExecution rows.into
// returns: nothing
UNWIND $rows AS row
MATCH (was:HookExecution {execution_id: row.was})
MATCH (was)<-[drawn:ABOUT]-(f)
MATCH (h:HookExecution {execution_id: row.into})
DELETE drawn
CREATE (f)-[:ABOUT]->(h)
SET f.execution_id = row.into
