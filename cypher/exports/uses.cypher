// The hook executions in some traces that used a version of a pattern (null: any), in the order of these and then of ids, after an
// id of the first trace.
// access: read
// parameters: ids, after, pattern_id, limit
// returns: place, id, weight, pattern_id, pattern_name, version, decision_id
UNWIND range(0, size($ids) - 1) AS place
WITH place, $ids[place] AS parent
MATCH (t:Trace {correlation_id: parent})-[:RAN]->(h:HookExecution)-[u:USED]->(v:PatternVersion)
WHERE (place > 0 OR h.execution_id > $after) AND ($pattern_id IS NULL OR v.pattern_id = $pattern_id)
RETURN place, h.execution_id AS id,
  coalesce(size(h.tool_input), 0) + coalesce(size(h.tool_response), 0) + coalesce(size(h.hook_script), 0)
    + coalesce(size(h.error_message), 0) + coalesce(size(h.context), 0) + coalesce(size(h.arguments), 0) AS weight,
  v.pattern_id AS pattern_id, v.pattern_name AS pattern_name, v.version AS version, u.decision_id AS decision_id
ORDER BY place, id
LIMIT $limit
