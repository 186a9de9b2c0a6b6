// Takes away that traces are to be looked at, unless that was said again meanwhile.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (t:TaughtTrace {correlation_id: row.correlation_id})
WHERE t.due_key = row.due_key
SET t.due_key = null
