// Executions of versions that are over: of these hook executions, and of these traces the uses of patterns, which end with them.
// access: read
// parameters: execution_ids, correlation_ids, pattern
// returns: execution_id, correlation_id, node_id, pattern_id, status, duration_ms, error_type, agent
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
WHERE h.node_id IS NOT NULL AND h.status <> 'in_progress'
MATCH (v:PatternVersion {node_id: h.node_id})
OPTIONAL MATCH (t:Trace {correlation_id: h.correlation_id})
RETURN h.execution_id AS execution_id, h.correlation_id AS correlation_id, h.node_id AS node_id, v.pattern_id AS pattern_id,
       h.status AS status, h.duration_ms AS duration_ms, h.error_type AS error_type, coalesce(t.agent, t.agent_type) AS agent
UNION
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WHERE h.hook_type = $pattern AND h.node_id IS NOT NULL AND h.status <> 'in_progress'
MATCH (v:PatternVersion {node_id: h.node_id})
RETURN h.execution_id AS execution_id, h.correlation_id AS correlation_id, h.node_id AS node_id, v.pattern_id AS pattern_id,
       h.status AS status, h.duration_ms AS duration_ms, h.error_type AS error_type, coalesce(t.agent, t.agent_type) AS agent
