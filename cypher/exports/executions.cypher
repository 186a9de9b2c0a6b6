// The hook executions in some traces, in the order of these and then of ids, after an id of the first trace; and how many characters
// are in them, about.
// access: read
// parameters: ids, after, limit
// returns: place, id, weight
UNWIND range(0, size($ids) - 1) AS place
WITH place, $ids[place] AS parent
MATCH (t:Trace {correlation_id: parent})-[:RAN]->(h:HookExecution)
WHERE place > 0 OR h.execution_id > $after
RETURN place, h.execution_id AS id,
  coalesce(size(h.tool_input), 0) + coalesce(size(h.tool_response), 0) + coalesce(size(h.hook_script), 0)
    + coalesce(size(h.error_message), 0) + coalesce(size(h.context), 0) + coalesce(size(h.arguments), 0)
    + coalesce(size(h.rag_queries_executed), 0) + coalesce(size(h.modifications_made), 0) AS weight
ORDER BY place, id
LIMIT $limit
