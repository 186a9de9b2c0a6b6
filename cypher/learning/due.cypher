// Traces that are to be looked at, those that were marked first.
// access: read
// parameters: limit
// returns: correlation_id, due_key
MATCH (t:TaughtTrace)
WHERE t.due_key > ''
RETURN t.correlation_id AS correlation_id, t.due_key AS due_key
ORDER BY t.due_key
LIMIT $limit
