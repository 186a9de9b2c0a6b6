// The sign-in of which this is the digest, and the token by which it was made, as that is now.
// access: read
// parameters: secret_hash
// returns: sign_in, token
MATCH (s:SignIn {secret_hash: $secret_hash})
OPTIONAL MATCH (t:AccessToken {token_id: s.token_id})
RETURN properties(s) AS sign_in, properties(t) AS token
