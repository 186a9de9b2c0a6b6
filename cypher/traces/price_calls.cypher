// Sets what calls cost by the list of prices, of those that nobody has changed since they were read: who changes one prices it.
// access: write
// parameters: rows, turn
// marks: EndpointCall rows.call_id
// returns: written
UNWIND $rows AS row
MATCH (c:EndpointCall {call_id: row.call_id})
SET c.lock = $turn
WITH c, row
SET c.lock = null
WITH c, row
WHERE coalesce(c.turn, '') = row.turn
SET c.price_usd = row.price_usd
RETURN count(c) AS written
