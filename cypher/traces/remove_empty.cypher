// Removes the trace of a session itself, if nothing is in it any more.
// access: write
// parameters: correlation_id
// marks: Gone correlation_id
// returns: removed
MATCH (t:Trace {correlation_id: $correlation_id})
WHERE (t.source = 'session' OR (t.source IS NULL AND t.session_id = t.correlation_id AND t.begun_hash IS NULL AND t.ended_hash IS NULL))
  AND t.ordered_ends IS NULL
OPTIONAL MATCH (t)-[:RAN|CALLED|LOGGED|SPAWNED|CONTINUED_BY|ROUTED_BY]->(n)
WITH t, count(n) AS remaining
OPTIONAL MATCH (t)<-[:ABOUT]-(f)
WITH t, remaining, count(f) AS said
WHERE remaining = 0 AND said = 0
DETACH DELETE t
RETURN count(*) AS removed
