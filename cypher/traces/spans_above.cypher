// What is known of spans by their keys: the span above each, and whether it is a call of a model, uses tokens, and tells a cost.
// access: read
// parameters: span_keys
// returns: key, above, of_model, uses, pays
UNWIND $span_keys AS id
MATCH (h:HookExecution {execution_id: id})
RETURN id AS key, h.parent_id AS above, false AS of_model, false AS uses, false AS pays
UNION ALL
UNWIND $span_keys AS id
MATCH (c:EndpointCall {call_id: id})
RETURN id AS key, c.nested_in AS above,
       c.model IS NOT NULL OR c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL OR c.cost_usd IS NOT NULL AS of_model,
       coalesce(c.input_tokens, 0) > 0 OR coalesce(c.output_tokens, 0) > 0 AS uses, coalesce(c.cost_usd, 0.0) > 0 AS pays
