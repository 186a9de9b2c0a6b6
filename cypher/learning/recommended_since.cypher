// Recommendations in a range of time, newest first; also those for traces that are in the archive.
// access: read
// parameters: above, before, limit
// returns: correlation_id, session_id, agent, recommendation
MATCH (x:AgentRecommendation)
WHERE x.time_key >= $above AND x.time_key < $before
RETURN x.correlation_id AS correlation_id, null AS session_id, x.agent AS agent, properties(x) AS recommendation
ORDER BY x.time_key DESC
LIMIT $limit
