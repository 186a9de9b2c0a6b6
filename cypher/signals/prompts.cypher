// Traces, as far as the reader may see them (null: all), each with the prompts of a person that follow it in its session, in their
// order, at most `following`. Texts are their first `characters`.
// access: read
// parameters: correlation_ids, reader, abandoned, characters, following
// returns: prompt, ended_at, following
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
CALL {
  WITH t
  OPTIONAL MATCH (:Session {session_id: t.session_id})-[:HAS_TRACE]->(n:Trace)
  WHERE n.session_key > t.session_key AND n.source = 'user_prompt' AND t.agent_id IS NULL
  WITH n ORDER BY n.session_key LIMIT $following
  RETURN collect({
    correlation_id: n.correlation_id, status: n.status, at: coalesce(n.prompted_at, n.started_at, n.created_at),
    completed_at: n.completed_at, text: substring(n.prompt_text, 0, $characters), rewound: $abandoned IN coalesce(n.tags, []),
    asked_back: coalesce(trim(n.response_text) ENDS WITH '?', false)
  }) AS following
}
OPTIONAL MATCH (s:Session {session_id: t.session_id})
RETURN {
  correlation_id: t.correlation_id, status: t.status, at: coalesce(t.prompted_at, t.started_at, t.created_at),
  completed_at: t.completed_at, text: substring(t.prompt_text, 0, $characters), rewound: $abandoned IN coalesce(t.tags, []),
  asked_back: coalesce(trim(t.response_text) ENDS WITH '?', false), session_id: t.session_id, agent_id: t.agent_id
} AS prompt, s.ended_at AS ended_at, following
