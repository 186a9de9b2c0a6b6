// Nodes of one label as they are, each with its relationships but for those of one type, which are read at their other end: type,
// whether it goes out, properties, and the label and the key of the node at the other end (null for a label that is not archived).
// Nodes come in the groups of their keys: a record each would cost more than what is in it.
// access: read
// parameters: groups, elsewhere
// returns: number, nodes
UNWIND $groups AS group
WITH group.number AS number, group.keys AS keys
UNWIND keys AS key
MATCH (n:NODE_LABEL {NODE_KEY: key})
OPTIONAL MATCH (n)-[r]-(m)
WHERE type(r) <> $elsewhere
WITH number, key, n, collect(CASE WHEN r IS NULL THEN null ELSE [
       type(r), startNode(r) = n, properties(r), labels(m)[0],
       CASE labels(m)[0]
         WHEN 'Trace' THEN m.correlation_id
         WHEN 'HookExecution' THEN m.execution_id
         WHEN 'EndpointCall' THEN m.call_id
         WHEN 'RoutingDecision' THEN m.correlation_id
         WHEN 'LogRecord' THEN m.record_id
         WHEN 'MetricPoint' THEN m.point_id
         WHEN 'Session' THEN m.session_id
         WHEN 'Agent' THEN m.name
         WHEN 'PatternVersion' THEN m.node_id
       END
     ] END) AS relationships
WITH number, collect([key, properties(n), relationships]) AS nodes
RETURN number, nodes
