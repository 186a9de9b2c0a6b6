// The ids of prompts and of those that go on with them, within 256 steps.
// access: read
// parameters: correlation_ids, limit
// returns: correlation_id
MATCH (h:Trace)-[:CONTINUED_BY*0..256]->(t:Trace)
WHERE h.correlation_id IN $correlation_ids
RETURN DISTINCT t.correlation_id AS correlation_id
LIMIT $limit
