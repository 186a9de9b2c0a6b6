// Calls of language models by id, with what says what they cost.
// access: read
// parameters: after, limit
// returns: properties
MATCH (c:EndpointCall)
WHERE c.call_id > $after AND c.model IS NOT NULL
RETURN c {.call_id, .model, .service_name, .input_tokens, .cache_read_tokens, .cache_write_tokens, .cache_write_1h_tokens,
          .output_tokens, .started_at, .completed_at, .duration_ms, .created_at, .price_usd, .turn} AS properties
ORDER BY c.call_id
LIMIT $limit
