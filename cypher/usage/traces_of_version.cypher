// The traces of the executions of one version that are over, between two keys (the version, then the time), at most so many.
// access: read
// parameters: above, before, limit
// returns: correlation_id
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
RETURN DISTINCT h.correlation_id AS correlation_id
LIMIT $limit
