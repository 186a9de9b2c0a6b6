// The times of the traces of a range of time that are over: of all, or of an agent, a project or a user; lists of 500,
// with instants only where these tell how long it took.
// access: read
// parameters: above, before, kind, name
// returns: times
MATCH (t:Trace)
WHERE t.time_key >= $above AND t.time_key < $before AND t.status <> 'in_progress'
OPTIONAL MATCH (s:Session {session_id: CASE WHEN $kind = 'project' THEN coalesce(t.session_id, '') ELSE '' END})
WITH t, CASE $kind WHEN 'agent' THEN coalesce(t.agent, t.agent_type) WHEN 'user' THEN t.user_id
     WHEN 'project' THEN coalesce(t.project, s.project, s.cwd) ELSE $name END AS name
WHERE name = $name
WITH collect([
  CASE WHEN t.duration_ms IS NULL THEN t.started_at END, CASE WHEN t.duration_ms IS NULL THEN t.completed_at END, t.duration_ms, null
]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN every[begin..begin + 500] AS times
