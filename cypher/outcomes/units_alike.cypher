// How many units that used each of some versions have the same mean of the outcomes of one name that count: those about its uses, the
// traces and the sessions in which it was used, and the units' own. The reader sees those of traces that it may see (null: all).
// access: read
// parameters: ids, reader
// returns: id, name, boolean, mean, units, outcomes
UNWIND $ids AS id
CALL {
  WITH id
  MATCH (v:PatternVersion {node_id: id})<-[u:USED]-(h:HookExecution)<-[:ABOUT]-(o:ReportedOutcome)
  MATCH (h)<-[:RAN]-(t:Trace)
  WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
  RETURN CASE WHEN u.unit_rule = 'given' THEN u.unit ELSE coalesce(t.session_id, t.root_id, t.correlation_id) END AS unit, h.execution_id AS about, o
  UNION
  WITH id
  MATCH (v:PatternVersion {node_id: id})<-[u:USED]-(:HookExecution)<-[:RAN]-(t:Trace)<-[:ABOUT]-(o:ReportedOutcome)
  WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
  RETURN CASE WHEN u.unit_rule = 'given' THEN u.unit ELSE coalesce(t.session_id, t.root_id, t.correlation_id) END AS unit, t.correlation_id AS about, o
  UNION
  WITH id
  MATCH (v:PatternVersion {node_id: id})<-[u:USED]-(:HookExecution)<-[:RAN]-(t:Trace)<-[:HAS_TRACE]-(s:Session)<-[:ABOUT]-(o:ReportedOutcome)
  WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
  RETURN CASE WHEN u.unit_rule = 'given' THEN u.unit ELSE coalesce(t.session_id, t.root_id, t.correlation_id) END AS unit, s.session_id AS about, o
  UNION
  WITH id
  MATCH (v:PatternVersion {node_id: id})<-[:ABOUT]-(o:ReportedOutcome)
  WHERE $reader IS NULL
  RETURN o.unit AS unit, o.unit AS about, o
}
WITH id, unit, about, o.source AS source, o.name AS name, o
ORDER BY o.time_key DESC
WITH id, unit, about, source, name, head(collect(o)) AS latest
WITH id, unit, name, avg(latest.value) AS mean, count(latest) AS outcomes, count(latest.holds) AS told
RETURN id, name, told = outcomes AS boolean, mean, count(unit) AS units, sum(outcomes) AS outcomes
