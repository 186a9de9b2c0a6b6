// What the calls of models of some traces used, and what was concluded of those within each other, 500 to a row: [call_id, model,
// input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, price_usd, retold, paid_by, pays_for].
// access: read
// parameters: correlation_ids, limit
// returns: calls
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
MATCH (t)-[:RAN*0..1]->()-[:CALLED]->(c:EndpointCall)
WHERE c.model IS NOT NULL OR c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL OR c.cost_usd IS NOT NULL
WITH c
LIMIT $limit
WITH collect([
  c.call_id, c.model, c.input_tokens, c.cache_read_tokens, c.cache_write_tokens, c.output_tokens, c.reasoning_tokens,
  c.cost_usd, c.price_usd, c.retold IS NOT NULL, c.paid_by, c.pays_for
]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN every[begin..begin + 500] AS calls
