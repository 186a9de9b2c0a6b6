// One page of sessions, newest first, before a time key, as far as the reader may see them (null: all); none that is the thread of
// a subagent.
// access: read
// parameters: before, reader, limit
// returns: session
MATCH (s:Session)
WHERE s.time_key < $before AND s.agent_of IS NULL
  AND ($reader IS NULL OR s.owner IN $reader OR s.shared_in IN $reader)
RETURN properties(s) AS session
ORDER BY s.time_key DESC
LIMIT $limit
