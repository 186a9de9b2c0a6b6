// Gives endpoint calls what others of the same request say, and removes these.
// access: write
// parameters: rows
// marks: EndpointCall rows.id
// returns: united
UNWIND $rows AS row
MATCH (c:EndpointCall {call_id: row.id})
MATCH (other:EndpointCall {call_id: row.other})
SET c += row.changes
DETACH DELETE other
RETURN count(*) AS united
