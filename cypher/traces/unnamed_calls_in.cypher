// The calls of tools to which the client gave no ids, of some traces; ``unnamed_as`` of those that one of several reporters knows.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id, execution_id, unnamed_as
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
MATCH (t)-[:RAN]->(h:HookExecution)
WHERE h.call_begun IS NOT NULL OR h.call_ended IS NOT NULL OR h.call_recorded IS NOT NULL OR h.call_named IS NOT NULL
RETURN id AS correlation_id, h.execution_id AS execution_id, h.unnamed_as AS unnamed_as
LIMIT $limit
