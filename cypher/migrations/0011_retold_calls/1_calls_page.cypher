// Calls of models by id, with the calls of models that are known to be around them, and how many are around each of these; no more
// than a hundred were kept, so that next to a call is looked up in any case, and counts as nearer than others of as many.
// access: read
// parameters: after, limit
// returns: key, uses, pays, outer
MATCH (c:EndpointCall)
WHERE c.call_id > $after AND c.nested_in IS NOT NULL
  AND (c.model IS NOT NULL OR c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL OR c.cost_usd IS NOT NULL)
WITH c
ORDER BY c.call_id
LIMIT $limit
OPTIONAL MATCH (h:HookExecution {execution_id: c.nested_in})
WITH c, [c.nested_in, coalesce(h.parent_id, '')] AS nearest
WITH c, nearest, coalesce(c.within, []) + nearest AS around
UNWIND around AS id
OPTIONAL MATCH (o:EndpointCall {call_id: id})
WHERE o.model IS NOT NULL OR o.input_tokens IS NOT NULL OR o.output_tokens IS NOT NULL OR o.cost_usd IS NOT NULL
WITH c, collect(CASE WHEN o IS NOT NULL THEN {id: o.call_id, depth: size(coalesce(o.within, [])) + CASE WHEN id IN nearest THEN 1 ELSE 0 END,
     uses: coalesce(o.input_tokens, 0) > 0 OR coalesce(o.output_tokens, 0) > 0, pays: coalesce(o.cost_usd, 0.0) > 0} END) AS outer
RETURN c.call_id AS key, coalesce(c.input_tokens, 0) > 0 OR coalesce(c.output_tokens, 0) > 0 AS uses, coalesce(c.cost_usd, 0.0) > 0 AS pays, outer
ORDER BY key
