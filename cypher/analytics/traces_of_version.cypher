// The traces of a range of time that ran a version, or in which it was used, as far as the reader may see them (null: all): those
// of its finished executions between two keys (the version, then the time), and those that go on.
// access: read
// parameters: node_id, above_version, before_version, above, before, reader
// returns: correlation_id, key
MATCH (h:HookExecution)
WHERE h.version_key >= $above_version AND h.version_key < $before_version
MATCH (t:Trace)-[:RAN]->(h)
WHERE t.time_key >= $above AND t.time_key < $before AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
RETURN DISTINCT t.correlation_id AS correlation_id, t.time_key AS key
UNION
MATCH (t:Trace)
WHERE t.open_key >= $above AND t.open_key < $before AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
MATCH (t)-[:RAN]->(h:HookExecution)
WHERE h.node_id = $node_id
RETURN DISTINCT t.correlation_id AS correlation_id, t.time_key AS key
