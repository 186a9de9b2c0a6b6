// The endpoint calls that wait for the hook executions they are nested in.
// access: read
// parameters: execution_ids
// returns: properties
UNWIND $execution_ids AS id
MATCH (c:EndpointCall {nested_in: id})
WHERE c.hook_execution_id IS NULL
RETURN properties(c) AS properties
