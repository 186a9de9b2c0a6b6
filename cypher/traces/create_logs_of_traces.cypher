// Makes log records under their traces.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.correlation_id})
CREATE (t)-[:LOGGED]->(l:LogRecord)
SET l = row
RETURN count(*) AS written
