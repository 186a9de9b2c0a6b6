// The token of which this is the digest.
// access: read
// parameters: token_hash
// returns: token
MATCH (t:AccessToken {token_hash: $token_hash})
RETURN properties(t) AS token
