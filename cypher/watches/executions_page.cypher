// One page of the finished executions that each of some watches looks at, the oldest first, after a key, as a list of pairs
// [execution, whether what was decided rests on it] for each; as far as the reader may see their traces (null: all).
// access: read
// parameters: rows, reader, limit
// returns: watch_id, evidence
UNWIND $rows AS row
CALL {
  WITH row
  MATCH (w:Watch {watch_id: row.watch_id})-[:WATCHES]->(v:PatternVersion)
  MATCH (v)<-[u:USED]-(h:HookExecution)
  WHERE h.set_aside IS NULL
    AND (((h.experiment_id IS NULL OR h.arm = 'control') AND h.version_key > w.since_key)
      OR (h.experiment_id = w.experiment_id AND h.arm = 'treatment' AND u.decision_id IS NULL))
    AND h.version_key > row.after AND h.version_key < coalesce(w.until_key, '~')
  MATCH (t:Trace)-[:RAN]->(h)
  WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
  RETURN h, u
  ORDER BY h.version_key
  LIMIT $limit
}
WITH row, h, u
ORDER BY h.version_key
RETURN row.watch_id AS watch_id, collect([properties(h), coalesce(u.watch_id = row.watch_id, false)]) AS evidence
