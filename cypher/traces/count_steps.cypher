// How many hook executions some traces have, of those that the reader may see (null: all).
// access: read
// parameters: correlation_ids, reader
// returns: correlation_id, steps
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
OPTIONAL MATCH (t)-[:RAN]->(h:HookExecution)
RETURN t.correlation_id AS correlation_id, count(h) AS steps
