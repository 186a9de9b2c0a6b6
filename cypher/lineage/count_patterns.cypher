// How many patterns there are.
// access: read
// parameters: nothing
// returns: patterns
MATCH (p:Pattern)
RETURN count(p) AS patterns
