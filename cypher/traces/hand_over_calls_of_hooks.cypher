// The endpoint calls of hook executions follow them to the trace of their prompt.
// access: write
// parameters: provisional, into
// marks: Trace provisional, Trace into
// returns: nothing
MATCH (:Trace {correlation_id: $into})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall {correlation_id: $provisional})
SET c.correlation_id = $into
