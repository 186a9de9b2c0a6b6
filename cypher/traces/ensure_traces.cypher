// Makes those traces that are not there yet, as stubs; the others stay as they are.
// access: write
// parameters: rows
// marks: Trace rows.correlation_id
// returns: nothing
UNWIND $rows AS row
MERGE (t:Trace {correlation_id: row.correlation_id})
ON CREATE SET t = row
