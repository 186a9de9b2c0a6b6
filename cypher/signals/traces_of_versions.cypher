// As traces_of_version, of each of some versions: between two keys of time, and of each the latest `limit` executions. Each
// version's own are sorted: a range that differs from row to row is served by no index of the embedded engine.
// access: read
// parameters: node_ids, above, before, reader, limit
// returns: node_id, correlation_id, unit, executions
UNWIND $node_ids AS id
CALL {
  WITH id
  MATCH (v:PatternVersion {node_id: id})
  MATCH (v)<-[:USED]-(h:HookExecution)
  WHERE h.version_key >= id + '|' + $above AND h.version_key < id + '|' + $before
    AND ($reader IS NULL OR EXISTS {
      MATCH (t:Trace)-[:RAN]->(h) WHERE t.owner IN $reader OR t.shared_in IN $reader
    })
  RETURN h
  ORDER BY h.version_key DESC
  LIMIT $limit
}
MATCH (t:Trace)-[:RAN]->(h)
WITH id, coalesce(t.root_id, t.correlation_id) AS correlation_id, h.version_key AS key,
     CASE WHEN h.unit_rule = 'given' THEN h.unit ELSE coalesce(t.session_id, t.root_id, t.correlation_id) END AS unit
WITH id, correlation_id, max(unit) AS unit, count(*) AS executions, max(key) AS latest
ORDER BY latest DESC
RETURN id AS node_id, correlation_id, unit, executions
