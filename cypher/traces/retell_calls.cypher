// Says of calls of models that another one, which counts, tells of the same again.
// access: write
// parameters: call_ids
// marks: EndpointCall call_ids
// returns: written
UNWIND $call_ids AS id
MATCH (c:EndpointCall {call_id: id})
SET c.retold = true
RETURN count(*) AS written
