// What decides where some traces hang and when they were, as one list: for each trace [id, spawned_by, parent_id, root_id,
// continued_from, name, status, start, end, duration_ms, arrival], as far as the reader may see it (null: all). An instant is two
// numbers, milliseconds since 1970 and microseconds of its second: to a driver it costs ten times as much as they, and a record
// more than what is in it. (epochSeconds is wrong before 1970 on Neo4j.)
// access: read
// parameters: correlation_ids, reader
// returns: spans
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
OPTIONAL MATCH (e:Trace)-[:CONTINUED_BY]->(t)
WITH t, e.correlation_id AS continued_from
RETURN collect([
  t.correlation_id, t.spawned_by, t.parent_id, t.root_id, continued_from,
  CASE WHEN t.agent_type <> '' THEN t.agent_type WHEN t.agent <> '' THEN t.agent ELSE t.source END, t.status,
  t.started_at.epochMillis, t.started_at.microsecond, t.completed_at.epochMillis, t.completed_at.microsecond,
  t.duration_ms, t.created_at.epochMillis, t.created_at.microsecond
]) AS spans
