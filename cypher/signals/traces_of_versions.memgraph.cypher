// As traces_of_versions.cypher: Memgraph has no EXISTS over a pattern with a condition.
// access: read
// parameters: node_ids, above, before, reader, limit
// returns: node_id, correlation_id, unit, executions
UNWIND $node_ids AS id
CALL {
  WITH id
  MATCH (v:PatternVersion {node_id: id})
  MATCH (v)<-[:USED]-(h:HookExecution)
  WHERE h.version_key >= id + '|' + $above AND h.version_key < id + '|' + $before
  MATCH (t:Trace)-[:RAN]->(h)
  WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
  RETURN h, t
  ORDER BY h.version_key DESC
  LIMIT $limit
}
WITH id, coalesce(t.root_id, t.correlation_id) AS correlation_id, h.version_key AS key,
     CASE WHEN h.unit_rule = 'given' THEN h.unit ELSE coalesce(t.session_id, t.root_id, t.correlation_id) END AS unit
WITH id, correlation_id, max(unit) AS unit, count(*) AS executions, max(key) AS latest
ORDER BY latest DESC
RETURN id AS node_id, correlation_id, unit, executions
