// What calls of models used under uses of patterns; of a skill, those that the client attributes to it or to none.
// Of calls of models that are within each other, one counts: the others are `retold`. What a layer tells that they cost together
// counts for those within it that tell no cost (`paid_by`), less what others within it tell, in proportion to their prices, or
// else to their tokens; what one tells without tokens, for the one around it that uses some (`pays_for`). So it is in
// `computes/traces/told_costs`, too.
// access: read
// parameters: rows
// returns: execution_id, calls, failed, input_tokens, output_tokens, cost_usd, unpriced
UNWIND $rows AS row
UNWIND row.correlation_ids AS trace
CALL {
  WITH trace
  MATCH (:Trace {correlation_id: trace})-[:CALLED]->(c:EndpointCall)
  RETURN c
  UNION
  WITH trace
  MATCH (:Trace {correlation_id: trace})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
  RETURN c
}
WITH row, trace, c
WHERE c.model IS NOT NULL OR c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL OR c.cost_usd IS NOT NULL
WITH row, trace, coalesce(c.pays_for, c.call_id) AS payee, collect(c) AS some,
     sum(CASE WHEN c.pays_for IS NOT NULL THEN c.cost_usd ELSE 0.0 END) AS paid
UNWIND some AS c
WITH row, trace, c, CASE WHEN c.pays_for IS NULL AND c.cost_usd > 0 THEN c.cost_usd WHEN c.pays_for IS NULL AND paid > 0 THEN paid END AS own
OPTIONAL MATCH (p:EndpointCall {call_id: coalesce(c.paid_by, '')})
WITH row, trace, p, collect({call: c, own: own}) AS calls, sum(coalesce(own, 0.0)) AS inside,
     sum(CASE WHEN own IS NULL AND c.retold IS NULL THEN 1 ELSE 0 END) AS peers,
     sum(CASE WHEN own IS NULL AND c.retold IS NULL AND c.cost_usd IS NULL AND c.price_usd > 0 THEN 1 ELSE 0 END) AS priced_peers,
     sum(CASE WHEN own IS NULL AND c.retold IS NULL THEN coalesce(c.price_usd, 0.0) ELSE 0.0 END) AS prices,
     sum(CASE WHEN own IS NULL AND c.retold IS NULL THEN coalesce(c.input_tokens, 0) * 1.0 + coalesce(c.output_tokens, 0) ELSE 0.0 END) AS tokens
WITH row, trace, calls, CASE WHEN p.cost_usd - inside > p.cost_usd / 1e9 THEN p.cost_usd - inside END AS rest, peers, peers = priced_peers AS by_price,
     prices, tokens
UNWIND calls AS one
WITH row, trace, one.call AS c, one.own AS own, rest, peers, by_price, prices, tokens
WHERE c.retold IS NULL
WITH row, trace, c, CASE WHEN own IS NOT NULL THEN own WHEN rest IS NULL THEN c.cost_usd WHEN by_price THEN rest * c.price_usd / prices
     WHEN tokens > 0 THEN rest * (coalesce(c.input_tokens, 0) * 1.0 + coalesce(c.output_tokens, 0)) / tokens ELSE rest / peers END AS told
WITH row, c, coalesce(told, c.price_usd) AS cost, coalesce(c.started_at, c.completed_at, c.created_at) AS at,
     coalesce(c.input_tokens, 0) > 0 OR coalesce(c.output_tokens, 0) > 0 AS used
WHERE (row.since IS NULL OR at >= row.since) AND (row.until IS NULL OR at <= row.until)
  AND (row.skill IS NULL OR c.skill IS NULL OR c.skill = row.skill)
RETURN row.execution_id AS execution_id, count(*) AS calls, sum(CASE WHEN c.status IN ['error', 'timeout'] THEN 1 ELSE 0 END) AS failed,
       sum(coalesce(c.input_tokens, 0)) AS input_tokens, sum(coalesce(c.output_tokens, 0)) AS output_tokens,
       sum(coalesce(cost, 0.0)) AS cost_usd, sum(CASE WHEN cost IS NULL AND used THEN 1 ELSE 0 END) AS unpriced
