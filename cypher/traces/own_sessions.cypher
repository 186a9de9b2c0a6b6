// Makes sessions that nobody has the owner's, or (owner: null) nobody's yet where only others name them.
// access: write
// parameters: session_ids, owner, unclaimed
// marks: nothing
// returns: written
UNWIND $session_ids AS id
MATCH (s:Session {session_id: id})
WHERE s.owner IS NULL AND (s.unclaimed IS NULL OR $owner IS NOT NULL)
SET s.owner = $owner, s.unclaimed = $unclaimed
RETURN count(s) AS written
