// Unties hook executions from the versions that they were of, as far as is known no more.
// access: write
// parameters: execution_ids
// marks: nothing
// returns: nothing
UNWIND $execution_ids AS id
MATCH (:HookExecution {execution_id: id})-[used:USED]->(:PatternVersion)
DELETE used
