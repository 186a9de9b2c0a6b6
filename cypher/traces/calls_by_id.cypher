// Endpoint calls by id, as far as the subject may see their traces (null: all).
// access: read
// parameters: call_ids, subject
// returns: call
UNWIND $call_ids AS id
MATCH (c:EndpointCall {call_id: id})
MATCH (t:Trace {correlation_id: c.correlation_id})
WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
RETURN properties(c) AS call
