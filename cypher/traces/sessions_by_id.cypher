// Sessions by id, as far as the subject may see them (null: all).
// access: read
// parameters: session_ids, subject
// returns: session
UNWIND $session_ids AS id
MATCH (s:Session {session_id: id})
WHERE $subject IS NULL OR s.user_id IS NULL OR s.user_id = $subject
RETURN properties(s) AS session
