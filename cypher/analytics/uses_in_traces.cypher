// The uses of versions of patterns in some traces.
// access: read
// parameters: correlation_ids
// returns: correlation_id, node_id, pattern_type, started_at, completed_at, duration_ms
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WHERE h.pattern_type IS NOT NULL AND h.node_id IS NOT NULL
RETURN id AS correlation_id, h.node_id AS node_id, h.pattern_type AS pattern_type, h.started_at AS started_at,
       h.completed_at AS completed_at, h.duration_ms AS duration_ms
