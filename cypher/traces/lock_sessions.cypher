// Takes the write locks of sessions, which are made if need be, and says which of them are threads of subagents: who waits for one to
// be made reads what is in it afterwards.
// access: write
// parameters: rows, turn
// marks: nothing
// returns: session_id, agent_of, agent_trace
UNWIND $rows AS row
MERGE (s:Session {session_id: row.session_id})
ON CREATE SET s = row
SET s.turn = $turn
RETURN s.session_id AS session_id, s.agent_of AS agent_of, s.agent_trace AS agent_trace
