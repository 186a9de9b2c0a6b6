// What is known of spans by their keys: the span above each, and whether it is a call of a model.
// access: read
// parameters: span_keys
// returns: key, above, of_model
UNWIND $span_keys AS id
MATCH (h:HookExecution {execution_id: id})
RETURN id AS key, h.parent_id AS above, false AS of_model
UNION ALL
UNWIND $span_keys AS id
MATCH (c:EndpointCall {call_id: id})
RETURN id AS key, c.nested_in AS above,
       c.model IS NOT NULL OR c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL OR c.cost_usd IS NOT NULL AS of_model
