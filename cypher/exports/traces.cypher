// The traces between two keys, oldest first: the ids of those of an agent (or null) that the reader may see (null: all), with the
// projects that they name, the sessions that they are in, and how many characters are in them, about. Others have no id, so that it is bounded what is looked at.
// access: read
// parameters: after, before, agent, reader, limit
// returns: key, id, project, session_id, weight
MATCH (t:Trace)
WHERE t.TRACE_KEY > $after AND t.TRACE_KEY < $before
RETURN t.TRACE_KEY AS key,
  CASE WHEN ($agent IS NULL OR t.agent = $agent OR t.agent_type = $agent)
         AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader) THEN t.correlation_id END AS id,
  t.project AS project, t.session_id AS session_id,
  coalesce(size(t.prompt_text), 0) + coalesce(size(t.response_text), 0) + coalesce(size(t.error_message), 0)
    + coalesce(size(t.context), 0) AS weight
ORDER BY t.TRACE_KEY
LIMIT $limit
