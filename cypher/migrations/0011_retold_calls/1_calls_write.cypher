// Says which calls of models tell again of one that counts, and which call around another one tells what that costs.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (c:EndpointCall {call_id: row.key})
SET c.paid_by = row.paid_by, c.pays_for = row.pays_for
WITH row
UNWIND row.retold AS id
MATCH (o:EndpointCall {call_id: id})
SET o.retold = true
RETURN count(DISTINCT row.key) AS written
