// Sets properties of traces.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.id})
SET t += row.changes
