// The learned patterns that were changed at an instant or later, in the order of their changes.
// access: read
// parameters: since, limit
// returns: pattern_id, updated_at, revision
MATCH (l:LearnedPattern)
WHERE l.updated_at >= $since
RETURN l.pattern_id AS pattern_id, l.updated_at AS updated_at, l.revision AS revision
ORDER BY updated_at, pattern_id
LIMIT $limit
