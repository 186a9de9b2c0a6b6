// Moves endpoint calls from their traces to the hook executions that a later event named.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (:Trace)-[drawn:CALLED]->(c:EndpointCall {call_id: row.call_id})
MATCH (h:HookExecution {execution_id: row.hook_execution_id})
DELETE drawn
CREATE (h)-[:CALLED]->(c)
RETURN count(*) AS written
