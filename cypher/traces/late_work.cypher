// What may be of a prompt that is told of late: how many steps and calls of its time lie with what was known before it, and the ends
// that have gone there by order.
// access: read
// parameters: previous, since, until
// returns: steps, ends
MATCH (t:Trace {correlation_id: $previous})
OPTIONAL MATCH (t)-[:RAN|CALLED]->(n)
WHERE n.ordered_at >= $since AND n.ordered_at < $until
RETURN count(n) AS steps, t.ordered_ends AS ends
