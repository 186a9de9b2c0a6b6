// The times of the executions of one version that are over, between two keys (the version, then the time): lists of 500, with instants
// only where these tell how long it took. One version at a time: a range over a key that comes from a row uses no index on the
// embedded engine.
// access: read
// parameters: above, before, limit
// returns: times
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
WITH h
LIMIT $limit
WITH collect([
  CASE WHEN h.duration_ms IS NULL THEN h.started_at END, CASE WHEN h.duration_ms IS NULL THEN h.completed_at END, h.duration_ms, null
]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN every[begin..begin + 500] AS times
