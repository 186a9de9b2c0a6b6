// Ties steps of plans to the traces that support them.
// access: write
// parameters: rows
// marks: nothing
// returns: nothing
UNWIND $rows AS row
MATCH (s:PlanStep {step_id: row.step_id})
MATCH (t:Trace {correlation_id: row.correlation_id})
CREATE (s)-[:SUPPORTED_BY]->(t)
