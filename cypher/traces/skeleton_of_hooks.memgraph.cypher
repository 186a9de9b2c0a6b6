// As skeleton_of_hooks.cypher, with each instant as it is, and null: Memgraph has no milliseconds since 1970.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, spans
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WITH id, h
LIMIT $limit
RETURN id AS correlation_id, collect([
  h.execution_id, h.parent_id, h.status,
  h.started_at, null, h.completed_at, null,
  h.duration_ms, h.created_at, null
]) AS spans
