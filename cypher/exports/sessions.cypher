// The sessions between two keys of the order of time, oldest first: the ids of those of a project (or null) that the reader may see
// (null: all) and that are no thread of a subagent, and how many characters are in them, about. Others have no id.
// access: read
// parameters: after, before, project, reader, limit
// returns: key, id, weight
MATCH (s:Session)
WHERE s.time_key > $after AND s.time_key < $before
RETURN s.time_key AS key,
  CASE WHEN s.agent_of IS NULL AND ($project IS NULL OR coalesce(s.project, s.cwd) = $project)
         AND ($reader IS NULL OR s.owner IN $reader OR s.shared_in IN $reader) THEN s.session_id END AS id,
  coalesce(size(s.context), 0) AS weight
ORDER BY s.time_key
LIMIT $limit
