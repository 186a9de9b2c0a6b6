// Says what calls of models are within, of those of which nobody else has said it since they were read.
// access: write
// parameters: rows
// marks: EndpointCall rows.call_id
// returns: written
UNWIND $rows AS row
MATCH (c:EndpointCall {call_id: row.call_id})
SET c.lock = row.was
WITH c, row
SET c.lock = null
WITH c, row
WHERE c.frontier = row.was
SET c.frontier = row.frontier, c.within = row.within, c.paid_by = row.paid_by, c.pays_for = row.pays_for
RETURN count(*) AS written
