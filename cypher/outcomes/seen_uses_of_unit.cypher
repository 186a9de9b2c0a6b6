// A trace in which a unit used a version and that the reader may see (null: any); none where there is no such trace.
// access: read
// parameters: node_id, unit, reader
// returns: correlation_id
MATCH (:PatternVersion {node_id: $node_id})<-[u:USED]-(:HookExecution)<-[:RAN]-(t:Trace)
WHERE ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
  AND (u.unit = $unit
    OR (coalesce(u.unit_rule, '') <> 'given' AND coalesce(t.session_id, t.root_id, t.correlation_id) = $unit))
RETURN t.correlation_id AS correlation_id
LIMIT 1
