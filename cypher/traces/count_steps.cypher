// How many hook executions some traces have, and how many of these are not uses of patterns; of traces that the reader may see (null:
// all).
// access: read
// parameters: correlation_ids, reader, of_pattern
// returns: correlation_id, hooks, steps
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
OPTIONAL MATCH (t)-[:RAN]->(h:HookExecution)
RETURN t.correlation_id AS correlation_id, count(h) AS hooks,
       sum(CASE WHEN h IS NULL OR h.hook_type = $of_pattern THEN 0 ELSE 1 END) AS steps
