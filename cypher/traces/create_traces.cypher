// Makes traces.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
CREATE (t:Trace)
SET t = row
