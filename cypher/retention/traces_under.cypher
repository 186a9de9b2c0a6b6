// Each of these traces, and all that were spawned under it at any depth.
// access: read
// parameters: correlation_ids
// returns: root_id, correlation_id, status
MATCH (root:Trace)
WHERE root.correlation_id IN $correlation_ids
MATCH (root)-[:SPAWNED*0..256]->(t:Trace)
RETURN DISTINCT root.correlation_id AS root_id, t.correlation_id AS correlation_id, t.status AS status
