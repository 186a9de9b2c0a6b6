// Takes the write locks of sessions that are there, and says which of them are threads of subagents.
// access: write
// parameters: session_ids, turn
// marks: nothing
// returns: session_id, agent_of, agent_trace
UNWIND $session_ids AS id
MATCH (s:Session {session_id: id})
SET s.turn = $turn
RETURN s.session_id AS session_id, s.agent_of AS agent_of, s.agent_trace AS agent_trace
