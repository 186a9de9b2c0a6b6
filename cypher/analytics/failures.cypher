// What went wrong by itself in the traces of a range of time, as far as the reader may see them (null: all): whole traces, their
// steps, and the calls of endpoints that those made or that were made straight from the trace; so many of each at most. Of a long
// message it returns the beginning and the end.
// access: read
// parameters: above, before, failed, reader, head, tail, limit
// returns: part, correlation_id, execution_id, call_id, agent, hook_type, tool_name, service_name, endpoint_path, error_type, response_status, node_id, started_at, completed_at, created_at, message, message_end
MATCH (t:Trace)
WHERE t.time_key >= $above AND t.time_key < $before AND t.status IN $failed
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
WITH t, coalesce(t.error_message, '') AS message
LIMIT $limit
RETURN 'trace' AS part, t.correlation_id AS correlation_id, null AS execution_id, null AS call_id,
       coalesce(t.agent, t.agent_type) AS agent, null AS hook_type, null AS tool_name, null AS service_name,
       null AS endpoint_path, t.error_type AS error_type, null AS response_status, null AS node_id, t.started_at AS started_at,
       t.completed_at AS completed_at, t.created_at AS created_at, substring(message, 0, $head) AS message,
       CASE WHEN size(message) > $head + $tail THEN substring(message, size(message) - $tail) ELSE substring(message, $head) END AS message_end
UNION ALL
MATCH (t:Trace)-[:RAN]->(h:HookExecution)
WHERE t.time_key >= $above AND t.time_key < $before AND h.status IN $failed
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
WITH t, h, coalesce(h.error_message, '') AS message
LIMIT $limit
RETURN 'step' AS part, t.correlation_id AS correlation_id, h.execution_id AS execution_id, null AS call_id,
       coalesce(t.agent, t.agent_type) AS agent, h.hook_type AS hook_type, h.tool_name AS tool_name, null AS service_name,
       null AS endpoint_path, h.error_type AS error_type, null AS response_status, h.node_id AS node_id,
       h.started_at AS started_at, h.completed_at AS completed_at, h.created_at AS created_at,
       substring(message, 0, $head) AS message,
       CASE WHEN size(message) > $head + $tail THEN substring(message, size(message) - $tail) ELSE substring(message, $head) END AS message_end
UNION ALL
MATCH (t:Trace)-[:RAN]->(h:HookExecution)-[:CALLED]->(c:EndpointCall)
WHERE t.time_key >= $above AND t.time_key < $before AND c.status IN $failed
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
WITH t, h, c, coalesce(c.error_message, '') AS message
LIMIT $limit
RETURN 'call' AS part, t.correlation_id AS correlation_id, h.execution_id AS execution_id, c.call_id AS call_id,
       coalesce(t.agent, t.agent_type) AS agent, h.hook_type AS hook_type, h.tool_name AS tool_name,
       c.service_name AS service_name, c.endpoint_path AS endpoint_path, c.error_type AS error_type,
       c.response_status AS response_status, h.node_id AS node_id, c.started_at AS started_at, c.completed_at AS completed_at,
       c.created_at AS created_at, substring(message, 0, $head) AS message,
       CASE WHEN size(message) > $head + $tail THEN substring(message, size(message) - $tail) ELSE substring(message, $head) END AS message_end
UNION ALL
MATCH (t:Trace)-[:CALLED]->(c:EndpointCall)
WHERE t.time_key >= $above AND t.time_key < $before AND c.status IN $failed
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
WITH t, c, coalesce(c.error_message, '') AS message
LIMIT $limit
RETURN 'call' AS part, t.correlation_id AS correlation_id, null AS execution_id, c.call_id AS call_id,
       coalesce(t.agent, t.agent_type) AS agent, null AS hook_type, null AS tool_name, c.service_name AS service_name,
       c.endpoint_path AS endpoint_path, c.error_type AS error_type, c.response_status AS response_status, null AS node_id,
       c.started_at AS started_at, c.completed_at AS completed_at, c.created_at AS created_at,
       substring(message, 0, $head) AS message,
       CASE WHEN size(message) > $head + $tail THEN substring(message, size(message) - $tail) ELSE substring(message, $head) END AS message_end
