// Says what came of a recommendation. The first SET takes the write lock.
// access: write
// parameters: correlation_id, settle_key, settled
// marks: nothing
// returns: written
MATCH (x:AgentRecommendation {correlation_id: $correlation_id})
SET x.settle_key = $settle_key, x += $settled
WITH x
MATCH (t:Trace {correlation_id: $correlation_id})
MATCH (t)-[r:RECOMMENDED]->(:Agent)
SET r += $settled
RETURN count(r) AS written
