// What the calls of language models in some sessions used and cost, as far as the subject may see their traces (null: all).
// Of calls of models that are within each other, the innermost that tells tokens counts: layers tell of one call again.
// Counts from `most` on are no counts.
// access: read
// parameters: session_ids, subject, most
// returns: session_id, calls, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, reported_cost_usd, unpriced_calls, unpriced_models
UNWIND $session_ids AS id
MATCH (:Session {session_id: id})-[:HAS_TRACE]->(t:Trace)-[:RAN*0..1]->(caller)-[:CALLED]->(c:EndpointCall)
WHERE (c.model IS NOT NULL OR c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL OR c.cost_usd IS NOT NULL)
  AND ($subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject)
WITH id, t, collect({call: c, links: [coalesce(c.nested_in, ''), coalesce(caller.parent_id, '')] + coalesce(c.within, []),
     tells: c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL}) AS told
WITH id, t, told, [x IN told | x.call.call_id] AS ids, [x IN told WHERE x.tells | x.call.call_id] AS tellers
WITH id, t, told, tellers, [x IN told WHERE any(link IN x.links WHERE link IN ids)] AS layers
UNWIND told AS one
WITH id, t, one.call AS c, one, layers, tellers
WHERE NOT any(x IN layers WHERE (x.tells OR NOT one.tells) AND c.call_id IN x.links)
  AND (one.tells OR NOT any(link IN one.links WHERE link IN tellers))
WITH id, c, coalesce(c.cost_usd, c.price_usd) AS cost, coalesce(c.input_tokens, 0) > 0 OR coalesce(c.output_tokens, 0) > 0 AS used
WITH id, count(c) AS calls,
     sum(CASE WHEN c.input_tokens < $most THEN c.input_tokens * 1.0 ELSE 0.0 END) AS input_tokens,
     sum(CASE WHEN c.cache_read_tokens < $most THEN c.cache_read_tokens * 1.0 ELSE 0.0 END) AS cache_read_tokens,
     sum(CASE WHEN c.cache_write_tokens < $most THEN c.cache_write_tokens * 1.0 ELSE 0.0 END) AS cache_write_tokens,
     sum(CASE WHEN c.output_tokens < $most THEN c.output_tokens * 1.0 ELSE 0.0 END) AS output_tokens,
     sum(CASE WHEN c.reasoning_tokens < $most THEN c.reasoning_tokens * 1.0 ELSE 0.0 END) AS reasoning_tokens,
     count(cost) AS priced, sum(coalesce(cost, 0.0)) AS known_cost,
     count(c.cost_usd) AS reported, sum(coalesce(c.cost_usd, 0.0)) AS known_reported,
     sum(CASE WHEN cost IS NULL AND used THEN 1 ELSE 0 END) AS unpriced_calls,
     collect(DISTINCT CASE WHEN cost IS NULL AND used THEN c.model END) AS unpriced_models
RETURN id AS session_id, calls, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
       CASE WHEN priced > 0 THEN known_cost END AS cost_usd,
       CASE WHEN reported > 0 THEN known_reported END AS reported_cost_usd, unpriced_calls, unpriced_models
