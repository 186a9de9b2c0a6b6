// Shares traces as their sessions are, of which it is known only now: those of the same owner that name no project themselves.
// access: write
// parameters: session_ids
// marks: nothing
// returns: written
UNWIND $session_ids AS id
MATCH (s:Session {session_id: id})
WHERE s.shared_in IS NOT NULL
MATCH (s)-[:HAS_TRACE]->(t:Trace)
WHERE t.shared_in IS NULL AND t.project IS NULL AND t.owner = s.owner
SET t.shared_in = s.shared_in
RETURN count(t) AS written
