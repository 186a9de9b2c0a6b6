// The subagents of the prompts (traces that nothing spawned) of a range of time, one level down, each beside its prompt, as far as
// the reader may see them (null: all).
// access: read
// parameters: above, before, reader, limit
// returns: prompt, member
MATCH (t:Trace)
WHERE t.time_key >= $above AND t.time_key < $before AND t.parent_id IS NULL AND t.agent_id IS NULL
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
MATCH (c:Trace {parent_id: t.correlation_id})
WHERE $reader IS NULL OR c.owner IN $reader OR c.shared_in IN $reader
RETURN [t.correlation_id, null, coalesce(t.agent, t.agent_type), t.status, t.started_at, t.completed_at, t.duration_ms,
        t.created_at, null] AS prompt,
       [c.correlation_id, c.parent_id, coalesce(c.agent_type, c.agent), c.status, c.started_at, c.completed_at, c.duration_ms,
        c.created_at, c.spawned_by] AS member
LIMIT $limit
