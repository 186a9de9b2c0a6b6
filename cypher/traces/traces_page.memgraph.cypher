// One page of traces, newest first, between two keys, as far as the reader may see them (null: all). The duration between two
// instants is a day and the microseconds beyond it on Memgraph, and steps are counted, because EXISTS stands in no OR there.
// access: read
// parameters: above, before, statuses, agent, tool, failed_tool, pattern_id, node_id, all_tags, any_tags, text, min_ms, max_ms, source, user_id, project, roots_only, incomplete_only, reader, whole, limit
// returns: key, correlation_id, trace
MATCH (t:Trace)
WHERE t.TRACE_KEY >= $above AND t.TRACE_KEY < $before
  AND ($statuses IS NULL OR t.status IN $statuses)
  AND ($agent IS NULL OR t.agent = $agent OR t.agent_type = $agent)
  AND ($source IS NULL OR t.source = $source)
  AND ($user_id IS NULL OR t.user_id = $user_id)
  AND ($all_tags IS NULL OR all(tag IN $all_tags WHERE tag IN t.tags))
  AND ($any_tags IS NULL OR any(tag IN $any_tags WHERE tag IN t.tags))
  AND (NOT $roots_only OR (t.parent_id IS NULL AND t.agent_id IS NULL))
  AND (NOT $incomplete_only OR t.status = 'in_progress' OR t.closed_by IS NOT NULL
       OR (t.started_at IS NULL AND t.duration_ms IS NULL))
  AND ($text IS NULL OR toLower(t.prompt_text) CONTAINS toLower($text) OR toLower(t.response_text) CONTAINS toLower($text))
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
WITH t, CASE WHEN t.duration_ms IS NULL AND t.started_at <= t.completed_at THEN t.completed_at - t.started_at END AS passed
WITH t, CASE
  WHEN t.duration_ms IS NOT NULL THEN t.duration_ms
  WHEN passed IS NOT NULL THEN passed.day * 86400000.0 + passed.microsecond / 1000.0
END AS elapsed
WHERE ($min_ms IS NULL OR elapsed >= $min_ms) AND ($max_ms IS NULL OR elapsed <= $max_ms)
OPTIONAL MATCH (s:Session)-[:HAS_TRACE]->(t)
WHERE $project IS NOT NULL
WITH t, coalesce(t.project, s.project, s.cwd) AS project
WHERE $project IS NULL OR project = $project
OPTIONAL MATCH (t)-[:RAN]->(h:HookExecution)
WHERE $tool IS NOT NULL AND h.tool_name = $tool
WITH t, count(h) AS ran
WHERE $tool IS NULL OR ran > 0
OPTIONAL MATCH (t)-[:RAN]->(f:HookExecution)
WHERE $failed_tool IS NOT NULL AND f.tool_name = $failed_tool AND f.status IN ['error', 'timeout']
WITH t, count(f) AS failed
WHERE $failed_tool IS NULL OR failed > 0
OPTIONAL MATCH (t)-[:RAN]->(:HookExecution)-[:USED]->(v:PatternVersion)
WHERE ($pattern_id IS NOT NULL OR $node_id IS NOT NULL)
  AND ($pattern_id IS NULL OR v.pattern_id = $pattern_id) AND ($node_id IS NULL OR v.node_id = $node_id)
WITH t, count(v) AS used
WHERE ($pattern_id IS NULL AND $node_id IS NULL) OR used > 0
RETURN t.TRACE_KEY AS key, t.correlation_id AS correlation_id, CASE WHEN $whole THEN properties(t) END AS trace
ORDER BY t.TRACE_KEY DESC
LIMIT $limit
