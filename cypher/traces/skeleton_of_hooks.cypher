// What decides where the hook executions of traces hang and when they were, as one list for each trace: [id, parent_id, status,
// start, end, duration_ms, arrival], with instants as in skeleton_of_traces.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, spans
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WITH id, h
LIMIT $limit
RETURN id AS correlation_id, collect([
  h.execution_id, h.parent_id, h.status,
  h.started_at.epochMillis, h.started_at.microsecond, h.completed_at.epochMillis, h.completed_at.microsecond,
  h.duration_ms, h.created_at.epochMillis, h.created_at.microsecond
]) AS spans
