// Uses of versions of patterns, as they are by now: by their executions, and those in some traces that are uses of definitions.
// Each in one record: as records of their own they take twice as long.
// access: read
// parameters: execution_ids, correlation_ids
// returns: uses
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
MATCH (h)-[u:USED]->(v:PatternVersion)
RETURN collect({execution_id: h.execution_id, correlation_id: h.correlation_id, status: h.status, started_at: h.started_at,
                completed_at: h.completed_at, duration_ms: h.duration_ms, quality_score: h.quality_score, node_id: v.node_id,
                pattern_id: v.pattern_id, version: v.version, experiment_id: u.experiment_id, arm: u.arm}) AS uses
UNION ALL
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
MATCH (t)-[:RAN]->(h:HookExecution)
WHERE h.pattern_type IS NOT NULL
MATCH (h)-[u:USED]->(v:PatternVersion)
RETURN collect({execution_id: h.execution_id, correlation_id: h.correlation_id, status: h.status, started_at: h.started_at,
                completed_at: h.completed_at, duration_ms: h.duration_ms, quality_score: h.quality_score, node_id: v.node_id,
                pattern_id: v.pattern_id, version: v.version, experiment_id: u.experiment_id, arm: u.arm}) AS uses
