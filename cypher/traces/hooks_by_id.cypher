// Hook executions by id, as far as the subject may see their traces (null: all).
// access: read
// parameters: execution_ids, subject
// returns: hook
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})<-[:RAN]-(t:Trace)
WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
RETURN properties(h) AS hook
