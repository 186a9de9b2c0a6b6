// What went wrong by itself in some traces: as `analytics/failures` has it of a range of time.
// access: read
// parameters: correlation_ids, failed, head, tail, limit
// returns: part, correlation_id, execution_id, call_id, agent, hook_type, tool_name, service_name, endpoint_path, error_type, response_status, node_id, started_at, completed_at, created_at, message, message_end
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE t.status IN $failed
WITH t, coalesce(t.error_message, '') AS message
LIMIT $limit
RETURN 'trace' AS part, t.correlation_id AS correlation_id, null AS execution_id, null AS call_id,
       coalesce(t.agent, t.agent_type) AS agent, null AS hook_type, null AS tool_name, null AS service_name,
       null AS endpoint_path, t.error_type AS error_type, null AS response_status, null AS node_id, t.started_at AS started_at,
       t.completed_at AS completed_at, t.created_at AS created_at, substring(message, 0, $head) AS message,
       CASE WHEN size(message) > $head + $tail THEN substring(message, size(message) - $tail) ELSE substring(message, $head) END AS message_end
UNION ALL
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
MATCH (t)-[:RAN]->(h:HookExecution)
WHERE h.status IN $failed
WITH t, h, coalesce(h.error_message, '') AS message
LIMIT $limit
RETURN 'step' AS part, t.correlation_id AS correlation_id, h.execution_id AS execution_id, null AS call_id,
       coalesce(t.agent, t.agent_type) AS agent, h.hook_type AS hook_type, h.tool_name AS tool_name, null AS service_name,
       null AS endpoint_path, h.error_type AS error_type, null AS response_status, h.node_id AS node_id,
       h.started_at AS started_at, h.completed_at AS completed_at, h.created_at AS created_at,
       substring(message, 0, $head) AS message,
       CASE WHEN size(message) > $head + $tail THEN substring(message, size(message) - $tail) ELSE substring(message, $head) END AS message_end
UNION ALL
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
MATCH (t)-[:RAN]->(h:HookExecution)-[:CALLED]->(c:EndpointCall)
WHERE c.status IN $failed
WITH t, h, c, coalesce(c.error_message, '') AS message
LIMIT $limit
RETURN 'call' AS part, t.correlation_id AS correlation_id, h.execution_id AS execution_id, c.call_id AS call_id,
       coalesce(t.agent, t.agent_type) AS agent, h.hook_type AS hook_type, h.tool_name AS tool_name,
       c.service_name AS service_name, c.endpoint_path AS endpoint_path, c.error_type AS error_type,
       c.response_status AS response_status, h.node_id AS node_id, c.started_at AS started_at, c.completed_at AS completed_at,
       c.created_at AS created_at, substring(message, 0, $head) AS message,
       CASE WHEN size(message) > $head + $tail THEN substring(message, size(message) - $tail) ELSE substring(message, $head) END AS message_end
UNION ALL
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
MATCH (t)-[:CALLED]->(c:EndpointCall)
WHERE c.status IN $failed
WITH t, c, coalesce(c.error_message, '') AS message
LIMIT $limit
RETURN 'call' AS part, t.correlation_id AS correlation_id, null AS execution_id, c.call_id AS call_id,
       coalesce(t.agent, t.agent_type) AS agent, null AS hook_type, null AS tool_name, c.service_name AS service_name,
       c.endpoint_path AS endpoint_path, c.error_type AS error_type, c.response_status AS response_status, null AS node_id,
       c.started_at AS started_at, c.completed_at AS completed_at, c.created_at AS created_at,
       substring(message, 0, $head) AS message,
       CASE WHEN size(message) > $head + $tail THEN substring(message, size(message) - $tail) ELSE substring(message, $head) END AS message_end
