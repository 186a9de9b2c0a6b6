// The finished executions of one version between two keys (the version, then the time), newest first, as far as the reader may
// see their traces (null: all). One version at a time: a range over a key that comes from a row uses no index on the
// embedded engine.
// access: read
// parameters: above, before, reader, limit
// returns: execution
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
  AND ($reader IS NULL OR EXISTS {
    MATCH (t:Trace)-[:RAN]->(h) WHERE t.owner IN $reader OR t.shared_in IN $reader
  })
RETURN properties(h) AS execution
ORDER BY h.version_key DESC
LIMIT $limit
