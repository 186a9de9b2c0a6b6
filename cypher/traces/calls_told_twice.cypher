// Calls of models of some traces and times that one reporter names, or another one records without a name, or both.
// access: read
// parameters: rows
// returns: correlation_id, call_id, named_at, recorded_at, counts
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.correlation_id})
MATCH (t)-[:CALLED]->(c:EndpointCall)
WHERE (c.call_named_at >= row.since AND c.call_named_at <= row.until)
   OR (c.call_recorded_at >= row.since AND c.call_recorded_at <= row.until)
RETURN row.correlation_id AS correlation_id, c.call_id AS call_id, c.call_named_at AS named_at, c.call_recorded_at AS recorded_at,
  [coalesce(c.input_tokens, 0), coalesce(c.cache_read_tokens, 0), coalesce(c.output_tokens, 0), coalesce(c.reasoning_tokens, 0)] AS counts
