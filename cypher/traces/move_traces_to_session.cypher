// Gives the traces of a session, which is the thread of a subagent, to the session that this works for.
// access: write
// parameters: session_id, into, turn
// marks: Session into
// returns: moved
MATCH (left:Session {session_id: $session_id})
MATCH (s:Session {session_id: $into})
MATCH (left)-[drawn:HAS_TRACE]->(t:Trace)
DELETE drawn
CREATE (s)-[:HAS_TRACE]->(t)
SET t.session_id = $into, t.session_key = $into + '|' + t.time_key, t.turn = $turn
RETURN count(t) AS moved
