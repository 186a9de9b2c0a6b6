// Calls without ids of a trace of which either the beginning or the end lies in a time, and of which no record and no transcript tells.
// access: read
// parameters: correlation_id, since, until
// returns: execution_id, begun, ended
MATCH (t:Trace {correlation_id: $correlation_id})
MATCH (t)-[:RAN]->(h:HookExecution)
WHERE h.call_recorded IS NULL AND h.call_named IS NULL
  AND ((h.call_begun < $since AND h.call_ended >= $since AND h.call_ended < $until)
    OR (h.call_begun >= $since AND h.call_begun < $until AND h.call_ended >= $until))
RETURN h.execution_id AS execution_id, h.call_begun AS begun, h.call_ended AS ended
