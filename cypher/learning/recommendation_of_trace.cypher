// The agent that was recommended for a trace that the reader may see (null: any); nothing if there is no such trace, nulls if none was.
// access: read
// parameters: correlation_id, reader
// returns: correlation_id, session_id, prompt_text, project, is_over, agent, recommendation
MATCH (t:Trace {correlation_id: $correlation_id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
OPTIONAL MATCH (s:Session {session_id: coalesce(t.session_id, '')})
OPTIONAL MATCH (t)-[r:RECOMMENDED]->(a:Agent)
RETURN t.correlation_id AS correlation_id, t.session_id AS session_id, t.prompt_text AS prompt_text,
       coalesce(t.project, s.project, s.cwd) AS project, t.status <> 'in_progress' AS is_over, a.name AS agent, properties(r) AS recommendation
