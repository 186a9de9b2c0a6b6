// One page of the finished executions of each of some experiments, by version and then the oldest first, after a key; as far as
// the subject may see their traces (null: all). An execution that came after the decision has no decision_id.
// access: read
// parameters: experiment_ids, after, subject, limit
// returns: experiment_id, execution, decision_id
UNWIND $experiment_ids AS id
CALL {
  WITH id
  MATCH (h:HookExecution {experiment_id: id})
  WITH h
  WHERE h.version_key > $after
  MATCH (t:Trace)-[:RAN]->(h)-[u:USED]->(:PatternVersion)
  WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
  RETURN h, u.decision_id AS decision_id
  ORDER BY h.version_key
  LIMIT $limit
}
RETURN id AS experiment_id, properties(h) AS execution, decision_id
