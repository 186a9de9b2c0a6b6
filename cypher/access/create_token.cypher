// Keeps a new token: what it is, and the digest of its secret.
// access: write
// parameters: properties
// returns: nothing
CREATE (t:AccessToken)
SET t = $properties
