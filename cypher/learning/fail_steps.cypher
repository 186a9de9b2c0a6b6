// Ties steps of plans to the traces in which they failed and were not made good.
// access: write
// parameters: rows
// marks: nothing
// returns: nothing
UNWIND $rows AS row
MATCH (s:PlanStep {step_id: row.step_id})
MATCH (t:Trace {correlation_id: row.correlation_id})
CREATE (s)-[:FAILED_IN]->(t)
