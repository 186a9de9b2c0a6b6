// The last calls of tools to which the client gave no ids, of one tool with one input each.
// access: read
// parameters: rows, limit
// returns: correlation_id, prefix, execution_id, started_at, completed_at
UNWIND $rows AS row
MATCH (:Trace {correlation_id: row.correlation_id})-[:RAN]->(h:HookExecution)
WHERE h.execution_id STARTS WITH row.prefix
RETURN row.correlation_id AS correlation_id, row.prefix AS prefix, h.execution_id AS execution_id, h.started_at AS started_at,
  h.completed_at AS completed_at
ORDER BY coalesce(started_at, completed_at) DESC
LIMIT $limit
