// As evidence_of_experiment.cypher, with each instant as it is, and null: Memgraph has no milliseconds since 1970.
// access: read
// parameters: experiment_id, reader, before
// returns: executions
MATCH (h:HookExecution {experiment_id: $experiment_id})
WHERE h.version_key IS NOT NULL OR coalesce(h.started_at, h.created_at) < $before
MATCH (t:Trace)-[:RAN]->(h)
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
WITH collect([
  h.execution_id, h.node_id, h.experiment_id, h.arm, h.set_aside, h.unit, h.unit_rule, h.session_id, h.root_id, h.correlation_id,
  h.pattern_type, h.status, h.error_type, h.quality_score, h.duration_ms,
  h.started_at, null, h.completed_at, null, h.created_at, null
]) AS every
UNWIND range(0, size(every) - 1, 200) AS begin
RETURN every[begin..begin + 200] AS executions
