// The plan that a trace was offered, with the text of its version; nothing if there is no such trace, nulls if it was offered none.
// access: read
// parameters: correlation_id
// returns: correlation_id, session_id, offer, node_id, version
MATCH (t:Trace {correlation_id: $correlation_id})
OPTIONAL MATCH (t)-[o:OFFERED]->(v:PatternVersion)
RETURN t.correlation_id AS correlation_id, t.session_id AS session_id, properties(o) AS offer, v.node_id AS node_id, v.version AS version
