// Counts runs of agents, or takes them away again.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MERGE (r:AgentRecord {record_key: row.record_key})
SET r.scope_key = row.scope_key, r.scope = row.scope, r.agent = row.agent, r.action = row.action, r.project = row.project,
    r.successes = coalesce(r.successes, 0) + row.successes, r.failures = coalesce(r.failures, 0) + row.failures,
    r.updated_at = row.updated_at
