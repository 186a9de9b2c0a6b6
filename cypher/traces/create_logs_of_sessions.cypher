// Makes log records under their sessions, where no trace is named.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (s:Session {session_id: row.session_id})
CREATE (s)-[:LOGGED]->(l:LogRecord)
SET l = row
RETURN count(*) AS written
