// What calls of models used under uses of patterns; of a skill, those that the client attributes to it or to none.
// Of calls of models that are within each other, the innermost that uses tokens counts: layers tell of one call again. What
// a layer tells that they cost together counts for those within it that tell no cost, in proportion to their prices, or else to
// their tokens (as `computes/traces/usage`).
// access: read
// parameters: rows
// returns: execution_id, calls, failed, input_tokens, output_tokens, cost_usd, unpriced
UNWIND $rows AS row
UNWIND row.correlation_ids AS trace
CALL {
  WITH trace
  MATCH (:Trace {correlation_id: trace})-[:CALLED]->(c:EndpointCall)
  RETURN c, '' AS parent
  UNION
  WITH trace
  MATCH (:Trace {correlation_id: trace})-[:RAN]->(h:HookExecution)-[:CALLED]->(c:EndpointCall)
  RETURN c, coalesce(h.parent_id, '') AS parent
}
WITH row, trace, c, parent
WHERE c.model IS NOT NULL OR c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL OR c.cost_usd IS NOT NULL
WITH row, trace, collect({call: c, id: c.call_id, links: [coalesce(c.nested_in, ''), parent] + coalesce(c.within, []),
     tokens: coalesce(c.input_tokens, 0) * 1.0 + coalesce(c.output_tokens, 0), told: CASE WHEN c.cost_usd > 0 THEN c.cost_usd END,
     price: CASE WHEN c.cost_usd IS NULL THEN c.price_usd END}) AS all_told
WITH row, trace, all_told, [x IN all_told | x.id] AS ids, [x IN all_told WHERE x.tokens > 0 | x.id] AS tellers
WITH row, trace, all_told, tellers, [x IN all_told WHERE any(link IN x.links WHERE link IN ids)] AS layers
WITH row, trace, layers, [x IN all_told WHERE x.told IS NOT NULL AND any(y IN layers WHERE x.id IN y.links)] AS payers,
     [x IN all_told WHERE NOT any(y IN layers WHERE (y.tokens > 0 OR x.tokens = 0) AND x.id IN y.links)
      AND (x.tokens > 0 OR NOT any(link IN x.links WHERE link IN tellers))] AS kept
WITH row, trace, kept, [p IN payers | {told: p.told,
     inside: [x IN layers WHERE x.told IS NOT NULL AND p.id IN x.links AND NOT any(q IN payers WHERE q.id IN x.links AND p.id IN q.links)],
     peers: [x IN kept WHERE x.told IS NULL AND p.id IN x.links AND NOT any(q IN payers WHERE q.id IN x.links AND p.id IN q.links)]}] AS payers
WITH row, trace, kept, [p IN payers WHERE size(p.peers) > 0 | {ids: [x IN p.peers | x.id], told: p.told,
     rest: reduce(rest = p.told, x IN p.inside | rest - x.told), is_priced: all(x IN p.peers WHERE x.price > 0),
     price: reduce(all_of = 0.0, x IN p.peers | all_of + coalesce(x.price, 0.0)),
     tokens: reduce(all_of = 0.0, x IN p.peers | all_of + x.tokens)}] AS payers
UNWIND kept AS one
WITH row, trace, one, one.call AS c, [p IN payers WHERE one.id IN p.ids AND p.rest > p.told / 1e9][0] AS payer
WITH row, trace, c, CASE WHEN payer IS NULL THEN c.cost_usd WHEN payer.is_priced THEN payer.rest * one.price / payer.price
     WHEN payer.tokens > 0 THEN payer.rest * one.tokens / payer.tokens ELSE payer.rest / size(payer.ids) END AS told
WITH row, c, coalesce(told, c.price_usd) AS cost, coalesce(c.started_at, c.completed_at, c.created_at) AS at,
     coalesce(c.input_tokens, 0) > 0 OR coalesce(c.output_tokens, 0) > 0 AS used
WHERE (row.since IS NULL OR at >= row.since) AND (row.until IS NULL OR at <= row.until)
  AND (row.skill IS NULL OR c.skill IS NULL OR c.skill = row.skill)
RETURN row.execution_id AS execution_id, count(*) AS calls, sum(CASE WHEN c.status IN ['error', 'timeout'] THEN 1 ELSE 0 END) AS failed,
       sum(coalesce(c.input_tokens, 0)) AS input_tokens, sum(coalesce(c.output_tokens, 0)) AS output_tokens,
       sum(coalesce(cost, 0.0)) AS cost_usd, sum(CASE WHEN cost IS NULL AND used THEN 1 ELSE 0 END) AS unpriced
