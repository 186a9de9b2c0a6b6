// Ends a sign-in; one that has ended is gone already.
// access: write
// parameters: secret_hash
// returns: nothing
MATCH (s:SignIn {secret_hash: $secret_hash})
DELETE s
