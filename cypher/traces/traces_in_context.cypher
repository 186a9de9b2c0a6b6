// Traces by id with their routing decisions and the prompts they go on with, as far as the reader may see them (null: all).
// access: read
// parameters: correlation_ids, reader
// returns: trace, routing, continued_from
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
OPTIONAL MATCH (t)-[:ROUTED_BY]->(d:RoutingDecision)
OPTIONAL MATCH (e:Trace)-[:CONTINUED_BY]->(t)
RETURN properties(t) AS trace, properties(d) AS routing, e.correlation_id AS continued_from
