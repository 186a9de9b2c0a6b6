// The traces that marked hook executions and endpoint calls are in, and those of marked sessions.
// access: read
// parameters: execution_ids, call_ids, session_ids
// returns: correlation_id
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
MATCH (t:Trace)-[:RAN]->(h)
RETURN t.correlation_id AS correlation_id
UNION
UNWIND $call_ids AS id
MATCH (c:EndpointCall {call_id: id})
MATCH (t:Trace)-[:CALLED]->(c)
RETURN t.correlation_id AS correlation_id
UNION
UNWIND $call_ids AS id
MATCH (c:EndpointCall {call_id: id})
MATCH (h:HookExecution)-[:CALLED]->(c)
MATCH (t:Trace)-[:RAN]->(h)
RETURN t.correlation_id AS correlation_id
UNION
UNWIND $session_ids AS id
MATCH (:Session {session_id: id})-[:HAS_TRACE]->(t:Trace)
RETURN t.correlation_id AS correlation_id
