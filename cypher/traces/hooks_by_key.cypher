// Hook executions by id, and by the OpenTelemetry spans of their tools' executions.
// access: read
// parameters: execution_ids, span_ids
// returns: properties
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
RETURN properties(h) AS properties
UNION
UNWIND $span_ids AS id
MATCH (h:HookExecution {span_id: id})
RETURN properties(h) AS properties
