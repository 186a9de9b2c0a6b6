// Removes the trace of a session itself, if nothing is in it any more.
// access: write
// parameters: correlation_id
// returns: removed
MATCH (t:Trace {correlation_id: $correlation_id})
WHERE t.source = 'session' AND t.ordered_ends IS NULL
OPTIONAL MATCH (t)-[:RAN|CALLED|LOGGED|SPAWNED|CONTINUED_BY|ROUTED_BY]->(n)
WITH t, count(n) AS remaining
WHERE remaining = 0
DETACH DELETE t
RETURN count(*) AS removed
