// Schedules that were due before an instant, the first due first.
// access: read
// parameters: before, limit
// returns: schedule
MATCH (s:Schedule)
WHERE s.due_key < $before
RETURN properties(s) AS schedule
ORDER BY s.due_key
LIMIT $limit
