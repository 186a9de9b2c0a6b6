// The proposals that wait for a decision, the oldest first.
// access: read
// parameters: above, limit
// returns: proposal
MATCH (x:PlanProposal)
WHERE x.open_key > $above
RETURN properties(x) AS proposal
ORDER BY x.open_key
LIMIT $limit
