// Sets properties of sessions.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (s:Session {session_id: row.id})
SET s += row.changes
