// Traces by id with their routing decisions, as far as the subject may see them (null: all).
// access: read
// parameters: correlation_ids, subject
// returns: trace, routing
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
OPTIONAL MATCH (t)-[:ROUTED_BY]->(d:RoutingDecision)
RETURN properties(t) AS trace, properties(d) AS routing
