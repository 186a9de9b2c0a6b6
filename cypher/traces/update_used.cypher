// Names the experiment of executions that were tied to their version before it was known.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (:HookExecution {execution_id: row.execution_id})-[used:USED]->(:PatternVersion)
SET used.experiment_id = row.experiment_id, used.arm = row.arm
RETURN count(*) AS written
