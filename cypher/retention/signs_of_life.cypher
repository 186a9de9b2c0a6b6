// The latest instants at which traces, their steps and their calls began, ended or arrived: for each the id of the trace, and when that
// was; several for each trace. What ends with its trace says nothing. A record each would cost more than what is in it.
// access: read
// parameters: correlation_ids
// returns: signs
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
RETURN collect([id, t.started_at, t.completed_at, t.created_at]) AS signs
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WHERE h.ends_with_trace IS NULL
WITH id, max(h.started_at) AS started_at, max(h.completed_at) AS completed_at, max(h.created_at) AS created_at
RETURN collect([id, started_at, completed_at, created_at]) AS signs
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
WITH id, max(c.started_at) AS started_at, max(c.completed_at) AS completed_at, max(c.created_at) AS created_at
RETURN collect([id, started_at, completed_at, created_at]) AS signs
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WITH id, max(c.started_at) AS started_at, max(c.completed_at) AS completed_at, max(c.created_at) AS created_at
RETURN collect([id, started_at, completed_at, created_at]) AS signs
