// Sessions by id, as far as the reader may see them (null: all).
// access: read
// parameters: session_ids, reader
// returns: session
UNWIND $session_ids AS id
MATCH (s:Session {session_id: id})
WHERE $reader IS NULL OR s.owner IN $reader OR s.shared_in IN $reader
RETURN properties(s) AS session
