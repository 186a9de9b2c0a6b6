// When some steps began and ended.
// access: read
// parameters: execution_ids
// returns: execution_id, started_at, completed_at, duration_ms
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
RETURN id AS execution_id, h.started_at AS started_at, h.completed_at AS completed_at, h.duration_ms AS duration_ms
