// Traces by id, without what belongs to them.
// access: read
// parameters: correlation_ids
// returns: trace
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
RETURN properties(t) AS trace
