// Log records that belong to no trace, from before an instant, oldest first.
// access: read
// parameters: before, limit
// returns: key
MATCH (l:LogRecord)
WHERE l.at < $before AND l.correlation_id IS NULL
RETURN l.record_id AS key
ORDER BY l.at
LIMIT $limit
