// Says that traces are to be looked at: they have ended, or something about them has changed.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MERGE (t:TaughtTrace {correlation_id: row.correlation_id})
SET t.due_key = row.due_key
