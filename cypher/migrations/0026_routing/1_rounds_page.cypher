// The rounds of learning.
// access: read
// parameters: after, limit
// returns: key
MATCH (r:LearningRound)
WHERE r.name > $after
RETURN r.name AS key
ORDER BY r.name
LIMIT $limit
