// The executions of patterns in traces that end with them.
// access: read
// parameters: correlation_ids
// returns: properties
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WHERE h.ends_with_trace = true
RETURN properties(h) AS properties
