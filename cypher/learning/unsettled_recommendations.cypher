// Recommendations for traces that are over, and of which it is to be said what came.
// access: read
// parameters: above, before, limit
// returns: correlation_id, agent
MATCH (x:AgentRecommendation)
WHERE x.settle_key >= $above AND x.settle_key < $before
MATCH (t:Trace {correlation_id: x.correlation_id})
WHERE t.status <> 'in_progress'
MATCH (t)-[:RECOMMENDED]->(a:Agent)
RETURN x.correlation_id AS correlation_id, a.name AS agent
ORDER BY x.settle_key
LIMIT $limit
