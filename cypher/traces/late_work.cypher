// What may be of a prompt that is told of late: how many steps and calls of its time lie with what was known before it, how many
// subagents may have worked in it, and the ends that have gone there by order.
// access: read
// parameters: session, previous, since, until
// returns: steps, subagents, ends
OPTIONAL MATCH (t:Trace {correlation_id: $previous})
OPTIONAL MATCH (t)-[:RAN|CALLED]->(n)
WHERE n.ordered_at >= $since AND n.ordered_at < $until
WITH t, count(n) AS steps
OPTIONAL MATCH (:Session {session_id: $session})-[:HAS_TRACE]->(s:Trace)
WHERE s.agent_id IS NOT NULL AND (s.completed_at IS NULL OR s.completed_at >= $since)
  AND (s.ordered_at IS NULL OR s.ordered_at < $until)
RETURN steps, count(s) AS subagents, t.ordered_ends AS ends
