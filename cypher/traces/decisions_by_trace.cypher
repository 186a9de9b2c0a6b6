// The routing decisions of traces. A decision is written once and never changed, so nothing needs a lock.
// access: read
// parameters: correlation_ids
// returns: properties
UNWIND $correlation_ids AS id
MATCH (d:RoutingDecision {correlation_id: id})
RETURN properties(d) AS properties
