// Counts the tokens of caches with the others; a price by the others alone is none.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (c:EndpointCall {call_id: row.key})
SET c.input_tokens = row.input_tokens, c.cache_read_tokens = row.cache_read_tokens, c.cache_write_tokens = row.cache_write_tokens,
    c.ranks = row.ranks, c.price_usd = null
RETURN count(*) AS written
