// Sets properties of traces.
// access: write
// parameters: rows
// marks: Trace rows.id
// returns: nothing
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.id})
SET t += row.changes
