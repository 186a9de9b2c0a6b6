// Gives sessions the key that they are listed by.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (s:Session {session_id: row.key})
SET s.time_key = row.time_key
RETURN count(*) AS written
