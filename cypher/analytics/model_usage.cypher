// What calls of language models used and cost, in the traces of a range of time, as far as the subject may see them (null: all),
// by what `by` names: "model", "service", "day" (as 20261121, UTC), "project", "session", "user", "agent", "skill". What a
// sender says a call cost counts, else what it does by the list of prices. `project` (null: all) is the folder of a session.
// Of calls of models that are within each other, the innermost that uses tokens counts: layers tell of one call again. What
// a layer tells that they cost together counts for those within it that tell no cost, in proportion to their prices, or else to
// their tokens (as `computes/traces/usage`).
// Counts from `most` on are no counts.
// access: read
// parameters: above, before, subject, by, project, limit, most
// returns: model, service_name, day, project, session_id, user_id, agent, skill, calls, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, reported_cost_usd, unpriced_calls, unpriced_models
MATCH (t:Trace)-[:RAN*0..1]->(caller)-[:CALLED]->(c:EndpointCall)
WHERE t.time_key >= $above AND t.time_key < $before
  AND (c.model IS NOT NULL OR c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL OR c.cost_usd IS NOT NULL)
  AND ($subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject)
WITH t, collect({call: c, id: c.call_id, links: [coalesce(c.nested_in, ''), coalesce(caller.parent_id, '')] + coalesce(c.within, []),
     tokens: coalesce(c.input_tokens, 0) * 1.0 + coalesce(c.output_tokens, 0), told: CASE WHEN c.cost_usd > 0 THEN c.cost_usd END,
     price: CASE WHEN c.cost_usd IS NULL THEN c.price_usd END}) AS all_told
WITH t, all_told, [x IN all_told | x.id] AS ids, [x IN all_told WHERE x.tokens > 0 | x.id] AS tellers
WITH t, all_told, tellers, [x IN all_told WHERE any(link IN x.links WHERE link IN ids)] AS layers
WITH t, layers, [x IN all_told WHERE x.told IS NOT NULL AND any(y IN layers WHERE x.id IN y.links)] AS payers,
     [x IN all_told WHERE NOT any(y IN layers WHERE (y.tokens > 0 OR x.tokens = 0) AND x.id IN y.links)
      AND (x.tokens > 0 OR NOT any(link IN x.links WHERE link IN tellers))] AS kept
WITH t, kept, [p IN payers | {told: p.told,
     inside: [x IN layers WHERE x.told IS NOT NULL AND p.id IN x.links AND NOT any(q IN payers WHERE q.id IN x.links AND p.id IN q.links)],
     peers: [x IN kept WHERE x.told IS NULL AND p.id IN x.links AND NOT any(q IN payers WHERE q.id IN x.links AND p.id IN q.links)]}] AS payers
WITH t, kept, [p IN payers WHERE size(p.peers) > 0 | {ids: [x IN p.peers | x.id], told: p.told,
     rest: reduce(rest = p.told, x IN p.inside | rest - x.told), is_priced: all(x IN p.peers WHERE x.price > 0),
     price: reduce(all_of = 0.0, x IN p.peers | all_of + coalesce(x.price, 0.0)),
     tokens: reduce(all_of = 0.0, x IN p.peers | all_of + x.tokens)}] AS payers
UNWIND kept AS one
WITH t, one, one.call AS c, [p IN payers WHERE one.id IN p.ids AND p.rest > p.told / 1e9][0] AS payer
WITH t, c, CASE WHEN payer IS NULL THEN c.cost_usd WHEN payer.is_priced THEN payer.rest * one.price / payer.price
     WHEN payer.tokens > 0 THEN payer.rest * one.tokens / payer.tokens ELSE payer.rest / size(payer.ids) END AS told
OPTIONAL MATCH (s:Session)-[:HAS_TRACE]->(t)
WITH t, c, s.cwd AS folder, coalesce(c.started_at, c.completed_at, c.created_at) AS at, told, coalesce(told, c.price_usd) AS cost,
     coalesce(c.input_tokens, 0) > 0 OR coalesce(c.output_tokens, 0) > 0 AS used
WHERE $project IS NULL OR folder = $project
WITH CASE WHEN 'model' IN $by THEN c.model END AS model,
     CASE WHEN 'service' IN $by THEN c.service_name END AS service_name,
     CASE WHEN 'day' IN $by THEN at.year * 10000 + at.month * 100 + at.day END AS day,
     CASE WHEN 'project' IN $by THEN folder END AS project,
     CASE WHEN 'session' IN $by THEN t.session_id END AS session_id,
     CASE WHEN 'user' IN $by THEN t.user_id END AS user_id,
     CASE WHEN 'agent' IN $by THEN coalesce(t.agent, t.agent_type) END AS agent,
     CASE WHEN 'skill' IN $by THEN c.skill END AS skill,
     c, told, cost, used
WITH model, service_name, day, project, session_id, user_id, agent, skill, count(c) AS calls,
     sum(CASE WHEN c.input_tokens < $most THEN c.input_tokens * 1.0 ELSE 0.0 END) AS input_tokens,
     sum(CASE WHEN c.cache_read_tokens < $most THEN c.cache_read_tokens * 1.0 ELSE 0.0 END) AS cache_read_tokens,
     sum(CASE WHEN c.cache_write_tokens < $most THEN c.cache_write_tokens * 1.0 ELSE 0.0 END) AS cache_write_tokens,
     sum(CASE WHEN c.output_tokens < $most THEN c.output_tokens * 1.0 ELSE 0.0 END) AS output_tokens,
     sum(CASE WHEN c.reasoning_tokens < $most THEN c.reasoning_tokens * 1.0 ELSE 0.0 END) AS reasoning_tokens,
     count(cost) AS priced, sum(coalesce(cost, 0.0)) AS known_cost,
     count(told) AS reported, sum(coalesce(told, 0.0)) AS known_reported,
     sum(CASE WHEN cost IS NULL AND used THEN 1 ELSE 0 END) AS unpriced_calls,
     collect(DISTINCT CASE WHEN cost IS NULL AND used THEN c.model END) AS unpriced_models
RETURN model, service_name, day, project, session_id, user_id, agent, skill, calls, input_tokens, cache_read_tokens,
       cache_write_tokens, output_tokens, reasoning_tokens, CASE WHEN priced > 0 THEN known_cost END AS cost_usd,
       CASE WHEN reported > 0 THEN known_reported END AS reported_cost_usd, unpriced_calls, unpriced_models
ORDER BY known_cost DESC, input_tokens DESC, model, day, project, session_id, agent, skill
LIMIT $limit
