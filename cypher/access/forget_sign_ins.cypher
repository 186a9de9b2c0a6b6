// Forgets sign-ins that have ended by themselves, some at a time.
// access: write
// parameters: before, limit
// returns: nothing
MATCH (s:SignIn)
WHERE s.end_key < $before
WITH s
LIMIT $limit
DELETE s
