// What the finished executions of one version between two keys (the version, then the time) say of its quality: the newest so many,
// as far as the reader may see their traces (null: all).
// access: read
// parameters: above, before, reader, limit
// returns: executions, scored, mean
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
  AND ($reader IS NULL OR EXISTS {
    MATCH (t:Trace)-[:RAN]->(h) WHERE t.owner IN $reader OR t.shared_in IN $reader
  })
WITH h
ORDER BY h.version_key DESC
LIMIT $limit
RETURN count(h) AS executions, count(h.quality_score) AS scored, avg(h.quality_score) AS mean
