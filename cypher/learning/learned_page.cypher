// One page of learned patterns, newest first, before a time key, as far as they are what is asked for (null: any), each with its
// version in use.
// access: read
// parameters: before, standing, intent, action, agent, project, least_successes, limit
// returns: learned, node_id, version
MATCH (l:LearnedPattern)
WHERE l.time_key < $before
  AND ($standing IS NULL OR l.standing = $standing) AND ($intent IS NULL OR l.intent = $intent)
  AND ($action IS NULL OR l.action = $action) AND ($agent IS NULL OR l.agent = $agent)
  AND ($project IS NULL OR l.project = $project) AND l.successes >= $least_successes
WITH l
ORDER BY l.time_key DESC
LIMIT $limit
MATCH (p:Pattern {pattern_id: l.pattern_id})-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN properties(l) AS learned, v.node_id AS node_id, v.version AS version
ORDER BY learned.time_key DESC
