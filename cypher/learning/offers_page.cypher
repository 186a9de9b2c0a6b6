// One page of the offers of a pattern's plans, newest first, of traces that the reader may see (null: all).
// access: read
// parameters: above, before, reader, limit
// returns: key, correlation_id, session_id, offer, node_id, version
MATCH (x:PlanOffer)
WHERE x.pattern_key >= $above AND x.pattern_key < $before
MATCH (t:Trace {correlation_id: x.correlation_id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
MATCH (t)-[o:OFFERED]->(v:PatternVersion)
RETURN x.pattern_key AS key, t.correlation_id AS correlation_id, t.session_id AS session_id, properties(o) AS offer,
       v.node_id AS node_id, v.version AS version
ORDER BY x.pattern_key DESC
LIMIT $limit
