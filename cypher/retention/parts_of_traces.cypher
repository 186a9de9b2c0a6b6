// All nodes that traces consist of, but for the traces themselves: for each label the traces with the keys of its nodes.
// access: read
// parameters: correlation_ids
// returns: label, parts
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WITH id, collect(h.execution_id) AS keys
RETURN 'HookExecution' AS label, collect([id, keys]) AS parts
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
WITH id, collect(c.call_id) AS keys
RETURN 'EndpointCall' AS label, collect([id, keys]) AS parts
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WITH id, collect(c.call_id) AS keys
RETURN 'EndpointCall' AS label, collect([id, keys]) AS parts
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:ROUTED_BY]->(d:RoutingDecision)
WITH id, collect(d.correlation_id) AS keys
RETURN 'RoutingDecision' AS label, collect([id, keys]) AS parts
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:LOGGED]->(l:LogRecord)
WITH id, collect(l.record_id) AS keys
RETURN 'LogRecord' AS label, collect([id, keys]) AS parts
