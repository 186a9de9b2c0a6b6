// What calls tell that they cost.
// access: read
// parameters: call_ids
// returns: call_id, cost_usd
UNWIND $call_ids AS id
MATCH (c:EndpointCall {call_id: id})
WHERE c.cost_usd IS NOT NULL
RETURN id AS call_id, c.cost_usd AS cost_usd
