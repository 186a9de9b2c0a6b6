// The keys of finished executions of one version between two keys (the version, then the time), in lists of at most 200 and in no order,
// up to a limit. To sort them in Python takes a fraction of what it takes the embedded engine.
// access: read
// parameters: above, before, limit
// returns: keys
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
WITH h.version_key AS key
LIMIT $limit
WITH collect(key) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN every[begin..begin + 200] AS keys
