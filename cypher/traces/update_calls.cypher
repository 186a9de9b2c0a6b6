// Sets properties of endpoint calls.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (c:EndpointCall {call_id: row.id})
SET c += row.changes
