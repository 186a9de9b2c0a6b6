// Says what became of a proposal that was open.
// access: write
// parameters: proposal_id, decided
// returns: written
MATCH (x:PlanProposal {proposal_id: $proposal_id})
WHERE x.open_key IS NOT NULL
SET x.open_key = null, x += $decided
RETURN count(x) AS written
