// The interrupted steps and calls of traces. A kind is the name of a collection of nodes.
// access: read
// parameters: correlation_ids
// returns: kind, nodes
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WHERE h.status = 'interrupted'
RETURN 'hooks' AS kind, collect(properties(h)) AS nodes
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
WHERE c.status = 'interrupted'
RETURN 'calls' AS kind, collect(properties(c)) AS nodes
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WHERE c.status = 'interrupted'
RETURN 'calls' AS kind, collect(properties(c)) AS nodes
