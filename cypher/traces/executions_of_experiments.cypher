// The executions of experiments that ended, or began before an instant and did not end, as far as the subject may see their
// traces (null: all).
// access: read
// parameters: experiment_ids, subject, before
// returns: execution
UNWIND $experiment_ids AS id
MATCH (h:HookExecution {experiment_id: id})
WHERE h.version_key IS NOT NULL OR coalesce(h.started_at, h.created_at) < $before
MATCH (t:Trace)-[:RAN]->(h)
WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
RETURN properties(h) AS execution
