// What the calls of language models in some sessions used and cost, as far as the reader may see their traces (null: all).
// Of calls of models that are within each other, one counts: the others are `retold`. What a layer tells that they cost together
// counts for those within it that tell no cost (`paid_by`), less what others within it tell, in proportion to their prices, or
// else to their tokens; what one tells without tokens, for the one around it that uses some (`pays_for`). So it is in
// `computes/traces/told_costs`, too.
// Counts from `most` on are no counts.
// access: read
// parameters: session_ids, reader, most
// returns: session_id, calls, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, reported_cost_usd, unpriced_calls, unpriced_models
UNWIND $session_ids AS id
MATCH (:Session {session_id: id})-[:HAS_TRACE]->(t:Trace)-[:RAN*0..1]->()-[:CALLED]->(c:EndpointCall)
WHERE (c.model IS NOT NULL OR c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL OR c.cost_usd IS NOT NULL)
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
WITH id, t, coalesce(c.pays_for, c.call_id) AS payee, collect(c) AS some,
     sum(CASE WHEN c.pays_for IS NOT NULL THEN c.cost_usd ELSE 0.0 END) AS paid
UNWIND some AS c
WITH id, t, c, CASE WHEN c.pays_for IS NULL AND c.cost_usd > 0 THEN c.cost_usd WHEN c.pays_for IS NULL AND paid > 0 THEN paid END AS own
OPTIONAL MATCH (p:EndpointCall {call_id: coalesce(c.paid_by, '')})
WITH id, t, p, collect({call: c, own: own}) AS calls, sum(coalesce(own, 0.0)) AS inside,
     sum(CASE WHEN own IS NULL AND c.retold IS NULL THEN 1 ELSE 0 END) AS peers,
     sum(CASE WHEN own IS NULL AND c.retold IS NULL AND c.cost_usd IS NULL AND c.price_usd > 0 THEN 1 ELSE 0 END) AS priced_peers,
     sum(CASE WHEN own IS NULL AND c.retold IS NULL THEN coalesce(c.price_usd, 0.0) ELSE 0.0 END) AS prices,
     sum(CASE WHEN own IS NULL AND c.retold IS NULL THEN coalesce(c.input_tokens, 0) * 1.0 + coalesce(c.output_tokens, 0) ELSE 0.0 END) AS tokens
WITH id, t, calls, CASE WHEN p.cost_usd - inside > p.cost_usd / 1e9 THEN p.cost_usd - inside END AS rest, peers, peers = priced_peers AS by_price,
     prices, tokens
UNWIND calls AS one
WITH id, t, one.call AS c, one.own AS own, rest, peers, by_price, prices, tokens
WHERE c.retold IS NULL
WITH id, t, c, CASE WHEN own IS NOT NULL THEN own WHEN rest IS NULL THEN c.cost_usd WHEN by_price THEN rest * c.price_usd / prices
     WHEN tokens > 0 THEN rest * (coalesce(c.input_tokens, 0) * 1.0 + coalesce(c.output_tokens, 0)) / tokens ELSE rest / peers END AS told
WITH id, c, told, coalesce(told, c.price_usd) AS cost, coalesce(c.input_tokens, 0) > 0 OR coalesce(c.output_tokens, 0) > 0 AS used
WITH id, count(c) AS calls,
     sum(CASE WHEN c.input_tokens < $most THEN c.input_tokens * 1.0 ELSE 0.0 END) AS input_tokens,
     sum(CASE WHEN c.cache_read_tokens < $most THEN c.cache_read_tokens * 1.0 ELSE 0.0 END) AS cache_read_tokens,
     sum(CASE WHEN c.cache_write_tokens < $most THEN c.cache_write_tokens * 1.0 ELSE 0.0 END) AS cache_write_tokens,
     sum(CASE WHEN c.output_tokens < $most THEN c.output_tokens * 1.0 ELSE 0.0 END) AS output_tokens,
     sum(CASE WHEN c.reasoning_tokens < $most THEN c.reasoning_tokens * 1.0 ELSE 0.0 END) AS reasoning_tokens,
     count(cost) AS priced, sum(coalesce(cost, 0.0)) AS known_cost,
     count(told) AS reported, sum(coalesce(told, 0.0)) AS known_reported,
     sum(CASE WHEN cost IS NULL AND used THEN 1 ELSE 0 END) AS unpriced_calls,
     collect(DISTINCT CASE WHEN cost IS NULL AND used THEN c.model END) AS unpriced_models
RETURN id AS session_id, calls, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
       CASE WHEN priced > 0 THEN known_cost END AS cost_usd,
       CASE WHEN reported > 0 THEN known_reported END AS reported_cost_usd, unpriced_calls, unpriced_models
