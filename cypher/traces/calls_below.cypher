// Calls of models that are below spans of which nothing had been told, what those calls are within, and what they tell.
// access: read
// parameters: span_keys, limit
// returns: call_id, frontier, within, paid_by, pays_for, uses, pays
UNWIND $span_keys AS id
MATCH (c:EndpointCall {frontier: id})
RETURN c.call_id AS call_id, id AS frontier, c.within AS within, c.paid_by AS paid_by, c.pays_for AS pays_for,
       coalesce(c.input_tokens, 0) > 0 OR coalesce(c.output_tokens, 0) > 0 AS uses, coalesce(c.cost_usd, 0.0) > 0 AS pays
ORDER BY call_id
LIMIT $limit
