// The finished executions of one version between two keys (the version, then the time), newest first, as far as the reader may
// see their traces (null: all).
// access: read
// parameters: above, before, reader, limit
// returns: execution
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
MATCH (t:Trace)-[:RAN]->(h)
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
RETURN properties(h) AS execution
ORDER BY h.version_key DESC
LIMIT $limit
