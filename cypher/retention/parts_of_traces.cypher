// The labels and keys of all nodes that traces consist of, but for the traces themselves.
// access: read
// parameters: correlation_ids
// returns: correlation_id, label, keys
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
RETURN id AS correlation_id, 'HookExecution' AS label, collect(h.execution_id) AS keys
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
RETURN id AS correlation_id, 'EndpointCall' AS label, collect(c.call_id) AS keys
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
RETURN id AS correlation_id, 'EndpointCall' AS label, collect(c.call_id) AS keys
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:ROUTED_BY]->(d:RoutingDecision)
RETURN id AS correlation_id, 'RoutingDecision' AS label, collect(d.correlation_id) AS keys
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:LOGGED]->(l:LogRecord)
RETURN id AS correlation_id, 'LogRecord' AS label, collect(l.record_id) AS keys
