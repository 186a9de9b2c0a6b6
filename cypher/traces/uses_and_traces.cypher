// Uses of patterns, as far as the reader may see their traces (null: all): the traces of the subagents that worked for the prompts
// that they are in, the newest rating of the use or else of its trace, the outcomes that others reported of it, of its trace, of
// its session and of its unit (the latest first, those of one thing up to `reported`), and the next prompt of a person in their
// sessions. The execution has a MATCH of its own: in one pattern with its trace, the embedded engine begins at all traces.
// access: read
// parameters: execution_ids, reader, abandoned, characters, reported
// returns: hook, subagents, answered_at, rewound, asked, asked_back, rating, reported, next, next_at, next_prompt
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
WHERE h.pattern_type IS NOT NULL
MATCH (t:Trace)-[:RAN]->(h)
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
CALL {
  WITH t
  OPTIONAL MATCH (s:Trace {root_id: t.correlation_id})
  WHERE s.agent_id IS NOT NULL AND t.agent_id IS NULL
  RETURN collect(s.correlation_id) AS subagents
}
CALL {
  WITH h
  OPTIONAL MATCH (h)<-[:ABOUT]-(f:Feedback)
  WHERE f.rating IS NOT NULL
  WITH f ORDER BY f.time_key DESC LIMIT 1
  RETURN f.rating AS of_use
}
CALL {
  WITH t
  OPTIONAL MATCH (t)<-[:ABOUT]-(f:Feedback)
  WHERE f.rating IS NOT NULL
  WITH f ORDER BY f.time_key DESC LIMIT 1
  RETURN f.rating AS of_trace
}
CALL {
  WITH h
  OPTIONAL MATCH (h)<-[:ABOUT]-(o:ReportedOutcome)
  WITH o ORDER BY o.time_key DESC LIMIT $reported
  RETURN collect({name: o.name, source: o.source, value: o.value}) AS reported_of_use
}
CALL {
  WITH t
  OPTIONAL MATCH (t)<-[:ABOUT]-(o:ReportedOutcome)
  WITH o ORDER BY o.time_key DESC LIMIT $reported
  RETURN collect({name: o.name, source: o.source, value: o.value}) AS reported_of_trace
}
CALL {
  WITH h
  OPTIONAL MATCH (h)-[u:USED]->(v:PatternVersion)
  OPTIONAL MATCH (o:ReportedOutcome {unit_key: v.node_id + '|' + u.unit})
  WITH o ORDER BY o.time_key DESC LIMIT $reported
  RETURN collect({name: o.name, source: o.source, value: o.value}) AS reported_of_unit
}
CALL {
  WITH t
  OPTIONAL MATCH (:Session {session_id: t.session_id})<-[:ABOUT]-(o:ReportedOutcome)
  WITH o ORDER BY o.time_key DESC LIMIT $reported
  RETURN collect({name: o.name, source: o.source, value: o.value}) AS reported_of_session
}
CALL {
  WITH t
  OPTIONAL MATCH (:Session {session_id: t.session_id})-[:HAS_TRACE]->(n:Trace)
  WHERE n.session_key > t.session_key AND n.source = 'user_prompt' AND t.agent_id IS NULL
  WITH n ORDER BY n.session_key LIMIT 1
  RETURN n.correlation_id AS next, coalesce(n.prompted_at, n.started_at, n.created_at) AS next_at,
         substring(n.prompt_text, 0, $characters) AS next_prompt
}
RETURN properties(h) AS hook, subagents, t.completed_at AS answered_at, $abandoned IN coalesce(t.tags, []) AS rewound,
       substring(t.prompt_text, 0, $characters) AS asked, coalesce(trim(t.response_text) ENDS WITH '?', false) AS asked_back,
       coalesce(of_use, of_trace) AS rating,
       [reported_of_use, reported_of_trace, reported_of_unit, reported_of_session] AS reported, next, next_at, next_prompt
