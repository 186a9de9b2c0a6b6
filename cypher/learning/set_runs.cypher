// Keeps of traces as what they count for the agents that did them (null: for none).
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (k:TaughtTrace {correlation_id: row.correlation_id})
SET k.agent_run = row.run
