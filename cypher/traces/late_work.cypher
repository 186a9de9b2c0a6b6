// What may be of a prompt that is told of late: how many steps, calls and log records of its time lie with what was known before it,
// the ends that have gone there by order, and when that was at work last.
// access: read
// parameters: previous, since, until
// returns: steps, ends, at_work
MATCH (t:Trace {correlation_id: $previous})
OPTIONAL MATCH (t)-[:RAN|CALLED|LOGGED]->(n)
WHERE (n.ordered_at >= $since AND n.ordered_at < $until) OR (n.call_begun >= $since AND n.call_begun < $until)
RETURN count(n) AS steps, t.ordered_ends AS ends, t.going_on_at AS at_work
