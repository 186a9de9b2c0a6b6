// Recommendations in a range of time, newest first, of traces that the reader may see (null: all).
// access: read
// parameters: above, before, reader, limit
// returns: key, correlation_id, session_id, agent, recommendation
MATCH (x:AgentRecommendation)
WHERE x.time_key >= $above AND x.time_key < $before
MATCH (t:Trace {correlation_id: x.correlation_id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
MATCH (t)-[r:RECOMMENDED]->(a:Agent)
RETURN x.time_key AS key, t.correlation_id AS correlation_id, t.session_id AS session_id, a.name AS agent,
       properties(r) AS recommendation
ORDER BY x.time_key DESC
LIMIT $limit
