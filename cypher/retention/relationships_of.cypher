// All relationships of nodes of one label, with the node at the other end; `other_key` is null for a label that is not archived.
// access: read
// parameters: keys
// returns: key, type, outgoing, properties, other_label, other_key
UNWIND $keys AS key
MATCH (n:NODE_LABEL {NODE_KEY: key})-[r]-(m)
RETURN key, type(r) AS type, startNode(r) = n AS outgoing, properties(r) AS properties, labels(m)[0] AS other_label,
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
       END AS other_key
