// What tells from outside of traces whether they did well: the newest rating, the outcomes that others reported of the trace and of
// its session (the latest first, up to `reported`), the next prompt of a person in the session; and the prompt before it.
// access: read
// parameters: correlation_ids, characters, reported, prompted
// returns: correlation_id, rating, of_trace, of_session, next_at, next_prompt, previous, project
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
CALL {
  WITH t
  OPTIONAL MATCH (t)<-[:ABOUT]-(f:Feedback)
  WHERE f.rating IS NOT NULL
  WITH f ORDER BY f.time_key DESC LIMIT 1
  RETURN f.rating AS rating
}
CALL {
  WITH t
  OPTIONAL MATCH (t)<-[:ABOUT]-(o:ReportedOutcome)
  WITH o ORDER BY o.time_key DESC LIMIT $reported
  RETURN collect({name: o.name, source: o.source, value: o.value}) AS of_trace
}
CALL {
  WITH t
  OPTIONAL MATCH (:Session {session_id: t.session_id})<-[:ABOUT]-(o:ReportedOutcome)
  WITH o ORDER BY o.time_key DESC LIMIT $reported
  RETURN collect({name: o.name, source: o.source, value: o.value}) AS of_session
}
CALL {
  WITH t
  OPTIONAL MATCH (:Session {session_id: t.session_id})-[:HAS_TRACE]->(n:Trace)
  WHERE n.session_key > t.session_key AND n.source = $prompted AND t.agent_id IS NULL
  WITH n ORDER BY n.session_key LIMIT 1
  RETURN coalesce(n.prompted_at, n.started_at, n.created_at) AS next_at, substring(n.prompt_text, 0, $characters) AS next_prompt
}
CALL {
  WITH t
  OPTIONAL MATCH (:Session {session_id: t.session_id})-[:HAS_TRACE]->(p:Trace)
  WHERE p.session_key < t.session_key AND p.source = $prompted AND t.agent_id IS NULL
  WITH p ORDER BY p.session_key DESC LIMIT 1
  RETURN p.correlation_id AS previous
}
OPTIONAL MATCH (s:Session {session_id: coalesce(t.session_id, '')})
RETURN id AS correlation_id, rating, of_trace, of_session, next_at, next_prompt, previous, coalesce(t.project, s.project, s.cwd) AS project
