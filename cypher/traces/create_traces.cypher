// Makes traces.
// access: write
// parameters: rows
// marks: Trace rows.correlation_id
// returns: nothing
UNWIND $rows AS row
CREATE (t:Trace)
SET t = row
