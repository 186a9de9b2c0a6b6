// Marks the executions in which a regression was found: those that are recorded later are not among them.
// access: write
// parameters: execution_ids, node_id, watch_id
// marks: nothing
// returns: marked
UNWIND $execution_ids AS id
MATCH (:HookExecution {execution_id: id})-[u:USED]->(v:PatternVersion)
WHERE v.node_id = $node_id
SET u.watch_id = $watch_id
RETURN count(u) AS marked
