// What may be of a prompt that is told of late: how many steps, calls and log records of its time lie with what was known before it,
// the ends that have gone there by order, when that was at work last, and how many subagents of the session were at work then.
// access: read
// parameters: session_id, previous, since, until
// returns: steps, subagents, ends, at_work
OPTIONAL MATCH (t:Trace {correlation_id: $previous})
OPTIONAL MATCH (t)-[:RAN|CALLED|LOGGED]->(n)
WHERE (n.ordered_at >= $since AND n.ordered_at < $until) OR (n.call_begun >= $since AND n.call_begun < $until)
  OR (n.call_ended >= $since AND n.call_ended < $until)
WITH t, count(n) AS steps
OPTIONAL MATCH (s:Session {session_id: $session_id})
OPTIONAL MATCH (s)-[:HAS_TRACE]->(a:Trace)
WHERE a.agent_id IS NOT NULL AND a.ordered_at < $until AND (a.completed_at IS NULL OR a.completed_at >= $since)
RETURN steps, count(a) AS subagents, t.ordered_ends AS ends, t.going_on_at AS at_work
