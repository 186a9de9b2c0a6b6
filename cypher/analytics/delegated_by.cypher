// The subagents that some traces spawned, as far as the reader may see them (null: all).
// access: read
// parameters: parent_ids, reader, limit
// returns: member
UNWIND $parent_ids AS id
MATCH (c:Trace {parent_id: id})
WHERE $reader IS NULL OR c.owner IN $reader OR c.shared_in IN $reader
RETURN [c.correlation_id, c.parent_id, coalesce(c.agent_type, c.agent), c.status, c.started_at, c.completed_at, c.duration_ms,
        c.created_at, c.spawned_by] AS member
LIMIT $limit
