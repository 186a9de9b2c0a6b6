// The traces in which a unit used a version.
// access: read
// parameters: node_id, unit
// returns: correlation_id
MATCH (v:PatternVersion {node_id: $node_id})
MATCH (v)<-[u:USED]-(h:HookExecution)
WHERE u.unit = $unit
MATCH (t:Trace)-[:RAN]->(h)
RETURN DISTINCT t.correlation_id AS correlation_id
