// One page of sessions, newest first, before a time key, as far as the subject may see them (null: all); none that is the thread of
// a subagent.
// access: read
// parameters: before, subject, limit
// returns: session
MATCH (s:Session)
WHERE s.time_key < $before AND s.agent_of IS NULL
  AND ($subject IS NULL OR s.user_id IS NULL OR s.user_id = $subject)
RETURN properties(s) AS session
ORDER BY s.time_key DESC
LIMIT $limit
