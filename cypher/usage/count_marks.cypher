// How much is marked: of what has changed, and of what was pruned.
// access: read
// parameters: nothing
// returns: marks
MATCH (m:UsageMark)
RETURN count(m) AS marks
UNION ALL
MATCH (m:PrunedMark)
RETURN count(m) AS marks
