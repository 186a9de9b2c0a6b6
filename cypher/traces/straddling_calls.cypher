// Calls without ids of a trace that began before a time in which they have ended, and of which no record tells.
// access: read
// parameters: correlation_id, since, until
// returns: execution_id, begun, ended
MATCH (t:Trace {correlation_id: $correlation_id})
MATCH (t)-[:RAN]->(h:HookExecution)
WHERE h.ordered_at >= $since AND h.ordered_at < $until AND h.call_begun < $since AND h.call_ended >= $since AND h.call_recorded IS NULL
RETURN h.execution_id AS execution_id, h.call_begun AS begun, h.call_ended AS ended
