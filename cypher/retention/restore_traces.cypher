// Makes traces, none of which is there, and steps under each.
// access: write
// parameters: rows
// marks: Trace rows.trace.correlation_id
// returns: drawn
UNWIND $rows AS row
CREATE (t:Trace)
SET t = row.trace
WITH t, row
UNWIND row.steps AS step
CREATE (t)-[:RAN]->(h:HookExecution)
SET h = step
RETURN count(*) AS drawn
