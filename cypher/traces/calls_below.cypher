// Calls of models that are below spans of which nothing had been told, what those calls are within, and whether they use tokens.
// access: read
// parameters: span_keys, limit
// returns: call_id, frontier, within, paid_by, uses
UNWIND $span_keys AS id
MATCH (c:EndpointCall {frontier: id})
RETURN c.call_id AS call_id, id AS frontier, c.within AS within, c.paid_by AS paid_by,
       coalesce(c.input_tokens, 0) > 0 OR coalesce(c.output_tokens, 0) > 0 AS uses
ORDER BY call_id
LIMIT $limit
