// The finished executions of experiments, as far as the subject may see their traces (null: all).
// access: read
// parameters: experiment_ids, subject
// returns: execution
UNWIND $experiment_ids AS id
MATCH (h:HookExecution {experiment_id: id})
WHERE h.version_key IS NOT NULL
MATCH (t:Trace)-[:RAN]->(h)
WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
RETURN properties(h) AS execution
