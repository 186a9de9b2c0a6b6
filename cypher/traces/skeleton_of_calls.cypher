// What decides where the endpoint calls of traces hang and when they were, as one list for each trace and way: [id,
// hook_execution_id, status, start, end, duration_ms, arrival], with instants as in skeleton_of_traces.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, spans
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
RETURN id AS correlation_id, collect([
  c.call_id, c.hook_execution_id, c.status,
  c.started_at.epochMillis, c.started_at.microsecond, c.completed_at.epochMillis, c.completed_at.microsecond,
  c.duration_ms, c.created_at.epochMillis, c.created_at.microsecond
]) AS spans
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
WITH id, c
LIMIT $limit
RETURN id AS correlation_id, collect([
  c.call_id, c.hook_execution_id, c.status,
  c.started_at.epochMillis, c.started_at.microsecond, c.completed_at.epochMillis, c.completed_at.microsecond,
  c.duration_ms, c.created_at.epochMillis, c.created_at.microsecond
]) AS spans
