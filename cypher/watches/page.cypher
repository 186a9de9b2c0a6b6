// One page of watches, newest first, before a time key: of all patterns (null) or of one.
// access: read
// parameters: before, pattern_id, status, limit
// returns: watch
MATCH (w:Watch)
WHERE w.time_key < $before AND ($status IS NULL OR w.status = $status) AND ($pattern_id IS NULL OR w.pattern_id = $pattern_id)
RETURN properties(w) AS watch
ORDER BY w.time_key DESC
LIMIT $limit
