// The last calls of tools to which the client gave no ids, of one tool with one input each, and when each of their reports was; also
// those that one of several reporters knows the ids of.
// access: read
// parameters: rows, limit
// returns: correlation_id, prefix, execution_id, begun, ended, since, recorded, named, named_since
UNWIND $rows AS row
MATCH (:Trace {correlation_id: row.correlation_id})-[:RAN]->(h:HookExecution)
WHERE h.execution_id STARTS WITH row.prefix OR h.unnamed_as = row.prefix
RETURN row.correlation_id AS correlation_id, row.prefix AS prefix, h.execution_id AS execution_id,
  CASE WHEN h.unnamed_as IS NULL THEN coalesce(h.call_begun, h.started_at) ELSE h.call_begun END AS begun,
  CASE WHEN h.unnamed_as IS NULL AND h.call_recorded IS NULL THEN coalesce(h.call_ended, h.completed_at) ELSE h.call_ended END AS ended,
  h.call_since AS since, h.call_recorded AS recorded, h.call_named AS named, h.call_named_since AS named_since
ORDER BY coalesce(begun, named, recorded, ended) DESC
LIMIT $limit
