// One page of the finished executions of each of some experiments, by version and then the oldest first, after a key, as a list
// of pairs [execution, decision_id] for each; as far as the reader may see their traces (null: all). An execution that came
// after the decision has no decision_id. USED has a MATCH of its own: in one pattern with RAN, the embedded engine begins at the
// versions, which have many more.
// access: read
// parameters: experiment_ids, after, reader, limit
// returns: experiment_id, evidence
UNWIND $experiment_ids AS id
CALL {
  WITH id
  MATCH (h:HookExecution {experiment_id: id})
  WHERE h.version_key > $after
  MATCH (t:Trace)-[:RAN]->(h)
  WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
  RETURN h
  ORDER BY h.version_key
  LIMIT $limit
}
MATCH (h)-[u:USED]->(:PatternVersion)
WITH id, h, u.decision_id AS decision_id
ORDER BY h.version_key
RETURN id AS experiment_id, collect([properties(h), decision_id]) AS evidence
