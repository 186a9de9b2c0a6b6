// Hook executions by id, as far as the reader may see their traces (null: all).
// access: read
// parameters: execution_ids, reader
// returns: hook
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})<-[:RAN]-(t:Trace)
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
RETURN properties(h) AS hook
