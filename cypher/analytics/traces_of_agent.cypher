// The traces of an agent in a range of time, as far as the reader may see them (null: all).
// access: read
// parameters: agent, above, before, reader
// returns: key, correlation_id
MATCH (t:Trace)
WHERE t.time_key >= $above AND t.time_key < $before AND coalesce(t.agent, t.agent_type) = $agent
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
RETURN t.time_key AS key, t.correlation_id AS correlation_id
