// Ties traces to their sessions, which are made if need be. Only the transaction that sets a trace's session_id does it.
// access: write
// parameters: rows
// marks: Trace rows.correlation_id
// returns: written
UNWIND $rows AS row
MERGE (s:Session {session_id: row.session_id})
ON CREATE SET s.created_at = row.created_at, s.time_key = row.session_time_key, s.owner = row.owner, s.shared_in = row.shared_in, s.unclaimed = row.unclaimed
WITH s, row
MATCH (t:Trace {correlation_id: row.correlation_id})
CREATE (s)-[:HAS_TRACE]->(t)
RETURN count(*) AS written
