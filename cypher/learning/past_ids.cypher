// The newest traces that are known to have succeeded or failed, as they were learned from.
// access: read
// parameters: limit
// returns: correlation_id, time_key
MATCH (k:TaughtTrace)
WHERE k.role IS NOT NULL
RETURN k.correlation_id AS correlation_id, k.time_key AS time_key
ORDER BY time_key DESC
LIMIT $limit
