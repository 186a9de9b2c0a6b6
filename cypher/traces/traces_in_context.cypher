// Traces by id with their routing decisions and the prompts they go on with, as far as the subject may see them (null: all).
// access: read
// parameters: correlation_ids, subject
// returns: trace, routing, continued_from
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
OPTIONAL MATCH (t)-[:ROUTED_BY]->(d:RoutingDecision)
OPTIONAL MATCH (e:Trace)-[:CONTINUED_BY]->(t)
RETURN properties(t) AS trace, properties(d) AS routing, e.correlation_id AS continued_from
