// One page of schedules, newest first, before a time key.
// access: read
// parameters: before, limit
// returns: schedule
MATCH (s:Schedule)
WHERE s.time_key < $before
RETURN properties(s) AS schedule
ORDER BY s.time_key DESC
LIMIT $limit
