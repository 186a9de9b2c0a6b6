// Takes the write locks of endpoint calls and returns them as they are then; unknown ids have no row.
// access: write
// parameters: call_ids, turn
// marks: nothing
// returns: properties
UNWIND $call_ids AS id
MATCH (c:EndpointCall {call_id: id})
SET c.turn = $turn
WITH c
RETURN properties(c) AS properties
