// The latest outcomes of units that used each of some versions, before a time key, as far as the reader may see a use of the version by
// the unit or has reported them, each with how many later ones of its source, name and unit are about the same. Who may see everything
// asks of_nodes.cypher.
// access: read
// parameters: ids, before, limit, reader, asker
// returns: id, outcome, later
UNWIND $ids AS id
CALL {
  WITH id
  MATCH (:PatternVersion {node_id: id})<-[u:USED]-(:HookExecution)<-[:RAN]-(t:Trace)
  WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
  UNWIND [u.unit, CASE WHEN u.unit_rule = 'given' THEN null ELSE coalesce(t.session_id, t.root_id, t.correlation_id) END] AS unit
  WITH DISTINCT id, unit
  MATCH (o:ReportedOutcome {unit_key: id + '|' + unit})
  RETURN o
  UNION
  WITH id
  MATCH (:PatternVersion {node_id: id})<-[:ABOUT]-(o:ReportedOutcome)
  WHERE o.unit IS NULL OR o.created_by = $asker
  RETURN o
}
WITH id, o
WHERE o.time_key < $before
WITH id, o
ORDER BY o.time_key DESC
WITH id, collect(o)[0..$limit] AS latest
UNWIND latest AS o
CALL {
  WITH o
  OPTIONAL MATCH (o)-[:ABOUT]->(same)<-[:ABOUT]-(n:ReportedOutcome)
  WHERE n.source = o.source AND n.name = o.name AND n.time_key > o.time_key AND coalesce(n.unit_key, '') = coalesce(o.unit_key, '')
  RETURN count(n) AS later
}
RETURN id, properties(o) AS outcome, later
