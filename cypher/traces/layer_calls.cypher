// Says of calls of models what they are within, which of them tell of the same again, and which tell what others cost.
// access: write
// parameters: rows
// marks: EndpointCall rows.call_id
// returns: written
UNWIND $rows AS row
MATCH (c:EndpointCall {call_id: row.call_id})
SET c.retold = row.retold, c.within = row.within, c.frontier = row.frontier, c.paid_by = row.paid_by, c.pays_for = row.pays_for
RETURN count(*) AS written
