// Makes those sessions that are not there yet; the others stay as they are.
// access: write
// parameters: rows
// marks: nothing
// returns: nothing
UNWIND $rows AS row
MERGE (s:Session {session_id: row.session_id})
ON CREATE SET s = row
