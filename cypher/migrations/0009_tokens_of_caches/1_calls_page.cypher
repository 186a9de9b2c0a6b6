// Calls of models of which an agent client told the tokens of caches beside the others, by id: its reports are in the context.
// access: read
// parameters: after, limit
// returns: key, input_tokens, context, ranks
MATCH (c:EndpointCall)
WHERE c.call_id > $after AND c.input_tokens IS NOT NULL AND c.cache_read_tokens IS NULL AND c.cache_write_tokens IS NULL
  AND c.context CONTAINS '"otel.claude_code.' AND c.context CONTAINS '"cache_'
RETURN c.call_id AS key, c.input_tokens AS input_tokens, c.context AS context, c.ranks AS ranks
ORDER BY c.call_id
LIMIT $limit
