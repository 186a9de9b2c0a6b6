// How many nodes of one label there are.
// access: read
// parameters: nothing
// returns: count
MATCH (n:ANY_LABEL)
RETURN count(n) AS count
