// Says which agent was recommended for a trace, and by which keys that is found; what an estimate needs is kept there, too: the trace
// can move into the archive. The agent is made if need be.
// access: write
// parameters: correlation_id, agent, recommendation, time_key, settle_key
// marks: nothing
// returns: created
MERGE (a:Agent {name: $agent})
WITH a
MATCH (t:Trace {correlation_id: $correlation_id})
CREATE (x:AgentRecommendation)
SET x = $recommendation, x.correlation_id = $correlation_id, x.agent = $agent, x.time_key = $time_key, x.settle_key = $settle_key
CREATE (t)-[r:RECOMMENDED]->(a)
SET r = $recommendation
RETURN count(r) AS created
