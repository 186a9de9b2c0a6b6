// Ties traces to the traces that spawned them. Only the transaction that sets a trace's parent_id does it.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (parent:Trace {correlation_id: row.parent_id})
MATCH (child:Trace {correlation_id: row.correlation_id})
CREATE (parent)-[:SPAWNED]->(child)
RETURN count(*) AS written
