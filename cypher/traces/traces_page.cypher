// One page of traces, newest first, between two keys, as far as the reader may see them (null: all). The key is the time, or
// the session and then the time, so that one index serves both range and order; all else is a filter over that range. Unless
// they are wanted whole, only the keys and ids of the traces are returned.
// access: read
// parameters: above, before, statuses, agent, tool, failed_tool, pattern_id, node_id, all_tags, any_tags, text, min_ms, max_ms, source, user_id, project, roots_only, incomplete_only, reader, whole, limit
// returns: key, correlation_id, trace
MATCH (t:Trace)
WHERE t.TRACE_KEY >= $above AND t.TRACE_KEY < $before
  AND ($statuses IS NULL OR t.status IN $statuses)
  AND ($agent IS NULL OR t.agent = $agent OR t.agent_type = $agent)
  AND ($source IS NULL OR t.source = $source)
  AND ($user_id IS NULL OR t.user_id = $user_id)
  AND ($project IS NULL OR t.project = $project OR (t.project IS NULL AND EXISTS {
    MATCH (s:Session)-[:HAS_TRACE]->(t) WHERE coalesce(s.project, s.cwd) = $project
  }))
  AND ($all_tags IS NULL OR all(tag IN $all_tags WHERE tag IN t.tags))
  AND ($any_tags IS NULL OR any(tag IN $any_tags WHERE tag IN t.tags))
  AND (NOT $roots_only OR (t.parent_id IS NULL AND t.agent_id IS NULL))
  AND (NOT $incomplete_only OR t.status = 'in_progress' OR t.closed_by IS NOT NULL
       OR (t.started_at IS NULL AND t.duration_ms IS NULL))
  AND (($min_ms IS NULL AND $max_ms IS NULL) OR any(elapsed IN [CASE
    WHEN t.duration_ms IS NOT NULL THEN t.duration_ms
    WHEN t.started_at <= t.completed_at THEN duration.inSeconds(t.started_at, t.completed_at).microseconds / 1000.0
  END] WHERE ($min_ms IS NULL OR elapsed >= $min_ms) AND ($max_ms IS NULL OR elapsed <= $max_ms)))
  AND ($text IS NULL OR toLower(t.prompt_text) CONTAINS toLower($text) OR toLower(t.response_text) CONTAINS toLower($text))
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
  AND ($tool IS NULL OR EXISTS { MATCH (t)-[:RAN]->(h:HookExecution) WHERE h.tool_name = $tool })
  AND ($failed_tool IS NULL OR EXISTS {
    MATCH (t)-[:RAN]->(h:HookExecution) WHERE h.tool_name = $failed_tool AND h.status IN ['error', 'timeout']
  })
  AND (($pattern_id IS NULL AND $node_id IS NULL) OR EXISTS {
    MATCH (t)-[:RAN]->(:HookExecution)-[:USED]->(v:PatternVersion)
    WHERE ($pattern_id IS NULL OR v.pattern_id = $pattern_id) AND ($node_id IS NULL OR v.node_id = $node_id)
  })
RETURN t.TRACE_KEY AS key, t.correlation_id AS correlation_id, CASE WHEN $whole THEN properties(t) END AS trace
ORDER BY t.TRACE_KEY DESC
LIMIT $limit
