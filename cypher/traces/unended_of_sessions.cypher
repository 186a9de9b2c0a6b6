// What may be open in sessions: their traces in progress or without an end of their own, and the steps and calls of these; of a session
// that is over, also the open steps of its other traces; of one that has gone on, all that of its traces since then. A kind is the name
// of a collection of nodes.
// access: read
// parameters: rows
// returns: kind, nodes
UNWIND $rows AS row
MATCH (:Session {session_id: row.session_id})-[:HAS_TRACE]->(t:Trace)
WHERE t.open_key IS NOT NULL OR t.unsettled = true OR t.correlation_id IN row.traces
   OR coalesce(t.prompted_at, t.started_at, t.created_at) >= row.since
RETURN 'traces' AS kind, collect(properties(t)) AS nodes
UNION ALL
UNWIND $rows AS row
MATCH (:Session {session_id: row.session_id})-[:HAS_TRACE]->(t:Trace)-[:RAN]->(h:HookExecution)
WHERE (h.status = 'in_progress' AND (row.over OR coalesce(t.prompted_at, t.started_at, t.created_at) >= row.since))
   OR (h.status IN ['in_progress', 'error'] AND (t.open_key IS NOT NULL OR t.unsettled = true OR t.correlation_id IN row.traces))
RETURN 'hooks' AS kind, collect(properties(h)) AS nodes
UNION ALL
UNWIND $rows AS row
MATCH (:Session {session_id: row.session_id})-[:HAS_TRACE]->(t:Trace)-[:CALLED]->(c:EndpointCall)
WHERE c.status = 'in_progress'
  AND (t.open_key IS NOT NULL OR t.unsettled = true OR t.correlation_id IN row.traces
       OR coalesce(t.prompted_at, t.started_at, t.created_at) >= row.since)
RETURN 'calls' AS kind, collect(properties(c)) AS nodes
UNION ALL
UNWIND $rows AS row
MATCH (:Session {session_id: row.session_id})-[:HAS_TRACE]->(t:Trace)-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
WHERE c.status = 'in_progress'
  AND (t.open_key IS NOT NULL OR t.unsettled = true OR t.correlation_id IN row.traces
       OR coalesce(t.prompted_at, t.started_at, t.created_at) >= row.since)
RETURN 'calls' AS kind, collect(properties(c)) AS nodes
