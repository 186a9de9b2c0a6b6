// Which of these traces have a hook execution like this (null: whatever it is) in themselves, in what they spawned, or in what
// names them as its root.
// access: read
// parameters: correlation_ids, tool, hook_type, status, agent_type
// returns: correlation_id
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:SPAWNED*0..257]->(place:Trace)-[:RAN]->(h:HookExecution)
WHERE ($tool IS NULL OR h.tool_name = $tool)
  AND ($hook_type IS NULL OR h.hook_type = $hook_type)
  AND ($status IS NULL OR h.status = $status)
  AND ($agent_type IS NULL OR place.agent_type = $agent_type)
RETURN DISTINCT id AS correlation_id
UNION
UNWIND $correlation_ids AS id
MATCH (place:Trace {root_id: id})-[:RAN]->(h:HookExecution)
WHERE ($tool IS NULL OR h.tool_name = $tool)
  AND ($hook_type IS NULL OR h.hook_type = $hook_type)
  AND ($status IS NULL OR h.status = $status)
  AND ($agent_type IS NULL OR place.agent_type = $agent_type)
RETURN DISTINCT id AS correlation_id
