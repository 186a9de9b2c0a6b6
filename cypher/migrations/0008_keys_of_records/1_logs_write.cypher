// Gives log records the key that they are listed by.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (l:LogRecord {record_id: row.key})
SET l.time_key = row.time_key
RETURN count(*) AS written
