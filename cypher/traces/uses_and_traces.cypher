// Uses of patterns, as far as the subject may see their traces (null: all): the traces of the subagents that worked for the prompts
// that they are in, and the next prompt of a person in their sessions. The execution has a MATCH of its own: in one pattern with its
// trace, the embedded engine begins at all traces.
// access: read
// parameters: execution_ids, subject, abandoned, characters
// returns: hook, subagents, answered_at, rewound, asked, asked_back, next, next_at, next_prompt
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
WHERE h.pattern_type IS NOT NULL
MATCH (t:Trace)-[:RAN]->(h)
WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
CALL {
  WITH t
  OPTIONAL MATCH (s:Trace {root_id: t.correlation_id})
  WHERE s.agent_id IS NOT NULL AND t.agent_id IS NULL
  RETURN collect(s.correlation_id) AS subagents
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
       next, next_at, next_prompt
