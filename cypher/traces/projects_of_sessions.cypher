// In which projects some sessions are shared.
// access: read
// parameters: session_ids
// returns: session_id, owner, shared_in
UNWIND $session_ids AS id
MATCH (s:Session {session_id: id})
WHERE s.shared_in IS NOT NULL
RETURN id AS session_id, s.owner AS owner, s.shared_in AS shared_in
