// How many hook executions, and calls of their own, traces have that have any.
// access: read
// parameters: correlation_ids
// returns: correlation_id, size
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN|CALLED]->(n)
RETURN id AS correlation_id, count(n) AS size
