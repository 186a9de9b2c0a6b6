// Keeps that somebody signs in: who it is, and the digest of the secret that the browser keeps.
// access: write
// parameters: properties
// returns: nothing
CREATE (s:SignIn)
SET s = $properties
