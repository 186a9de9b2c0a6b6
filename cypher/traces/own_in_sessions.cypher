// Makes the traces in an owner's sessions the owner's that follow from what was told and that nobody has told of.
// access: write
// parameters: session_ids, owner
// marks: nothing
// returns: written
UNWIND $session_ids AS id
MATCH (s:Session {session_id: id})
WHERE s.owner = $owner
MATCH (s)-[:HAS_TRACE]->(t:Trace)
WHERE t.owner IS NULL AND t.unclaimed IS NULL
SET t.owner = $owner, t.shared_in = CASE WHEN t.project IS NULL THEN s.shared_in END
RETURN count(t) AS written
