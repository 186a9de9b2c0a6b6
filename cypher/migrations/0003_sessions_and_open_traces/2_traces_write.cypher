// Gives traces in progress the key that silent ones are found by.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.key})
SET t.open_key = row.open_key
RETURN count(*) AS written
