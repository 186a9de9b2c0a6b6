// Makes data points of metrics under their sessions.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (s:Session {session_id: row.session_id})
CREATE (s)-[:MEASURED]->(p:MetricPoint)
SET p = row
RETURN count(*) AS written
