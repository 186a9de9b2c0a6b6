// The key of the finished execution of a version that so many others between two keys lie before, newest first; no row if there are
// not so many.
// access: read
// parameters: above, before, count
// returns: key
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
RETURN h.version_key AS key
ORDER BY h.version_key DESC
SKIP $count
LIMIT 1
