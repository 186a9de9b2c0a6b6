// What calls of models used under uses of patterns; of a skill, those that the client attributes to it or to none.
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
WITH row, c, coalesce(c.started_at, c.completed_at, c.created_at) AS at
WHERE c.model IS NOT NULL AND (row.since IS NULL OR at >= row.since) AND (row.until IS NULL OR at <= row.until)
  AND (row.skill IS NULL OR c.skill IS NULL OR c.skill = row.skill)
RETURN row.execution_id AS execution_id, count(*) AS calls, sum(CASE WHEN c.status IN ['error', 'timeout'] THEN 1 ELSE 0 END) AS failed,
       sum(coalesce(c.input_tokens, 0)) AS input_tokens, sum(coalesce(c.output_tokens, 0)) AS output_tokens,
       sum(coalesce(c.cost_usd, c.price_usd, 0.0)) AS cost_usd,
       sum(CASE WHEN coalesce(c.cost_usd, c.price_usd) IS NULL THEN 1 ELSE 0 END) AS unpriced
