// The times of the steps that are over of one type and tool, in the traces of a range of time; lists of 500.
// access: read
// parameters: above, before, name, part
// returns: times
MATCH (t:Trace)-[:RAN]->(h:HookExecution)
WHERE t.time_key >= $above AND t.time_key < $before AND h.status <> 'in_progress'
  AND coalesce(h.tool_name, '') = $name AND coalesce(h.hook_type, '') = $part
WITH collect([h.started_at, h.completed_at, h.duration_ms, h.created_at]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN every[begin..begin + 500] AS times
