// The calls of models of some traces: what each is below, what it tells, and what was concluded from that.
// access: read
// parameters: correlation_ids
// returns: call_id, properties
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
MATCH (t)-[:RAN*0..1]->()-[:CALLED]->(c:EndpointCall)
WHERE c.model IS NOT NULL OR c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL OR c.cost_usd IS NOT NULL
RETURN c.call_id AS call_id, c {.nested_in, .input_tokens, .output_tokens, .cost_usd, .retold, .within, .frontier, .paid_by, .pays_for} AS properties
