// How many finished executions each arm of experiments has.
// access: read
// parameters: experiment_ids
// returns: experiment_id, arm, count
UNWIND $experiment_ids AS id
MATCH (h:HookExecution {experiment_id: id})
WHERE h.version_key IS NOT NULL
RETURN id AS experiment_id, h.arm AS arm, count(h) AS count
