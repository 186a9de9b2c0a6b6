// The same of traces that were removed for good, as far as they were looked at.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (t:TaughtTrace {correlation_id: row.correlation_id})
SET t.due_key = row.due_key
