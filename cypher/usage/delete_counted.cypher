// Forgets traces that are gone for good.
// access: write
// parameters: correlation_ids
// returns: nothing
UNWIND $correlation_ids AS id
MATCH (c:CountedTrace {correlation_id: id})
DELETE c
