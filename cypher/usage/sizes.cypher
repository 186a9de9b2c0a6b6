// How many hook executions, and calls of their own, traces have that have any: one list of pairs, which travels faster than as many
// records.
// access: read
// parameters: correlation_ids
// returns: sizes
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN|CALLED]->(n)
WITH id, count(n) AS size
RETURN collect([id, size]) AS sizes
