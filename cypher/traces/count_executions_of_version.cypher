// How many finished executions one version has between two keys (the version, then the time), counted up to a limit.
// access: read
// parameters: above, before, limit
// returns: executions
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
WITH h.version_key AS key
LIMIT $limit
RETURN count(key) AS executions
