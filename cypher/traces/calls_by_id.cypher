// Endpoint calls by id, as far as the reader may see their traces (null: all).
// access: read
// parameters: call_ids, reader
// returns: call
UNWIND $call_ids AS id
MATCH (c:EndpointCall {call_id: id})
MATCH (t:Trace {correlation_id: c.correlation_id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
RETURN properties(c) AS call
