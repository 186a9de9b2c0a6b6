// Of sessions in which patterns were used, the keys of their prompts, and the traces with these uses with their own keys. From the
// session on: of a range of keys that differs from row to row, the embedded engine looks at all traces.
// access: read
// parameters: session_ids, prompted
// returns: session_id, prompts, used
UNWIND $session_ids AS id
MATCH (s:Session {session_id: id})
MATCH (s)-[:HAS_TRACE]->(t:Trace)
WHERE t.session_key IS NOT NULL AND (t.source = $prompted OR t.uses)
WITH id, collect(CASE WHEN t.source = $prompted THEN t.session_key END) AS prompts,
     collect(CASE WHEN t.uses AND t.agent_id IS NULL THEN [t.session_key, t.correlation_id] END) AS used
WHERE size(used) > 0
RETURN id AS session_id, prompts, used
