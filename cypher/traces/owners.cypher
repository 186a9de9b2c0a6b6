// Who recorded the traces and sessions that some ids name, or what is in them; no row for an id that nothing has. `unclaimed` ones
// are yet to be somebody's.
// access: read
// parameters: ids
// returns: id, owner, unclaimed
UNWIND $ids AS id
MATCH (n:Trace {correlation_id: id})
RETURN id, n.owner AS owner, n.unclaimed AS unclaimed
UNION ALL
UNWIND $ids AS id
MATCH (n:Session {session_id: id})
RETURN id, n.owner AS owner, n.unclaimed AS unclaimed
UNION ALL
UNWIND $ids AS id
MATCH (n:Trace {otel_trace_id: id})
RETURN id, n.owner AS owner, n.unclaimed AS unclaimed
UNION ALL
UNWIND $ids AS id
MATCH (h:HookExecution {execution_id: id})
MATCH (n:Trace {correlation_id: h.correlation_id})
RETURN id, n.owner AS owner, n.unclaimed AS unclaimed
UNION ALL
UNWIND $ids AS id
MATCH (c:EndpointCall {call_id: id})
MATCH (n:Trace {correlation_id: c.correlation_id})
RETURN id, n.owner AS owner, n.unclaimed AS unclaimed
