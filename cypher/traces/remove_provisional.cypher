// Removes a provisional trace, if everything that hung at it has been handed over.
// access: write
// parameters: provisional
// marks: Gone provisional
// returns: removed
MATCH (t:Trace {correlation_id: $provisional})
OPTIONAL MATCH (t)-[:RAN|CALLED|LOGGED]->(n)
WITH t, count(n) AS remaining
WHERE remaining = 0
DETACH DELETE t
RETURN count(*) AS removed
