// The finished executions of an experiment by version and time, after a key, as far as the reader may see their traces (null: all),
// with the decisions that rest on them and how many characters are in them, about. USED has a MATCH of its own: in one pattern with
// RAN, the embedded engine begins at the versions, which have many more.
// access: read
// parameters: experiment_id, after, reader, limit
// returns: key, id, decision_id, weight
MATCH (h:HookExecution {experiment_id: $experiment_id})
WHERE h.version_key > $after
MATCH (t:Trace)-[:RAN]->(h)
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
MATCH (h)-[u:USED]->(:PatternVersion)
RETURN h.version_key AS key, h.execution_id AS id, u.decision_id AS decision_id,
  coalesce(size(h.tool_input), 0) + coalesce(size(h.tool_response), 0) + coalesce(size(h.context), 0) AS weight
ORDER BY key
LIMIT $limit
