// What people wrote of error patterns, the latest first.
// access: read
// parameters: limit
// returns: annotation
MATCH (a:ErrorPattern)
WHERE a.known_fix IS NOT NULL OR a.prevention IS NOT NULL
RETURN properties(a) AS annotation
ORDER BY a.updated_at DESC, a.template_id
LIMIT $limit
