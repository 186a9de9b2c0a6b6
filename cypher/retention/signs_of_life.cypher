// The latest instants at which traces, their steps and their calls began, ended or arrived; several rows for each trace. What ends
// with its trace says nothing.
// access: read
// parameters: correlation_ids
// returns: correlation_id, started_at, completed_at, created_at
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
RETURN id AS correlation_id, t.started_at AS started_at, t.completed_at AS completed_at, t.created_at AS created_at
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
WHERE h.ends_with_trace IS NULL
RETURN id AS correlation_id, max(h.started_at) AS started_at, max(h.completed_at) AS completed_at,
       max(h.created_at) AS created_at
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:CALLED]->(c:EndpointCall)
RETURN id AS correlation_id, max(c.started_at) AS started_at, max(c.completed_at) AS completed_at,
       max(c.created_at) AS created_at
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
RETURN id AS correlation_id, max(c.started_at) AS started_at, max(c.completed_at) AS completed_at,
       max(c.created_at) AS created_at
