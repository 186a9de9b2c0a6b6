// How much is marked.
// access: read
// parameters: nothing
// returns: marks
MATCH (m:UsageMark)
RETURN count(m) AS marks
