// The finished executions of one version between two keys (the version, then the time), the newest so many, as far as the reader
// may see their traces (null: all): how many and when the last, by agent, session, user and the folder of the session.
// access: read
// parameters: above, before, reader, limit
// returns: agent, session_id, user_id, project, uses, last_used_at
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
WITH h
ORDER BY h.version_key DESC
LIMIT $limit
MATCH (t:Trace)-[:RAN]->(h)
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
OPTIONAL MATCH (s:Session)-[:HAS_TRACE]->(t)
WITH h, t, coalesce(t.project, s.project, s.cwd) AS project
RETURN coalesce(t.agent, t.agent_type) AS agent, t.session_id AS session_id, t.user_id AS user_id, project,
       count(h) AS uses, max(coalesce(h.started_at, h.completed_at, h.created_at)) AS last_used_at
