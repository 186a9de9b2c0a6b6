// Whatever is at the top of a trace: not spawned by a trace, and going on with none.
// access: read
// parameters: correlation_ids
// returns: correlation_id, root_id
MATCH (t:Trace)<-[:SPAWNED|CONTINUED_BY*0..256]-(h:Trace)
WHERE t.correlation_id IN $correlation_ids AND NOT EXISTS { MATCH (:Trace)-[:SPAWNED|CONTINUED_BY]->(h) }
RETURN DISTINCT h.correlation_id AS correlation_id, h.root_id AS root_id
