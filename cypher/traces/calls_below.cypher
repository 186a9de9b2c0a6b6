// Calls of models that are below spans of which nothing had been told, and what those calls are within.
// access: read
// parameters: span_keys, limit
// returns: call_id, frontier, within
UNWIND $span_keys AS id
MATCH (c:EndpointCall {frontier: id})
RETURN c.call_id AS call_id, id AS frontier, c.within AS within
ORDER BY call_id
LIMIT $limit
