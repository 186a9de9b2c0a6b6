// Takes the write locks of sessions and returns them as they are then; unknown ids have no row.
// access: write
// parameters: session_ids, turn
// returns: properties
UNWIND $session_ids AS id
MATCH (s:Session {session_id: id})
SET s.turn = $turn
WITH s
RETURN properties(s) AS properties
