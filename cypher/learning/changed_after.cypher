// Learned patterns that are matched and were changed at an instant or later, in the order of their changes.
// access: read
// parameters: since, limit
// returns: pattern_id, updated_at
MATCH (l:LearnedPattern)
WHERE l.updated_at >= $since
WITH l
WHERE l.standing = 'active'
RETURN l.pattern_id AS pattern_id, l.updated_at AS updated_at
ORDER BY updated_at, pattern_id
LIMIT $limit
