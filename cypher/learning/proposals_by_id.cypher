// Proposals about learned patterns.
// access: read
// parameters: proposal_ids
// returns: proposal
UNWIND $proposal_ids AS id
MATCH (x:PlanProposal {proposal_id: id})
RETURN properties(x) AS proposal
