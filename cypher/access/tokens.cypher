// Tokens, the newest first.
// access: read
// parameters: limit
// returns: token
MATCH (t:AccessToken)
RETURN properties(t) AS token
ORDER BY t.created_at DESC, t.token_id
LIMIT $limit
