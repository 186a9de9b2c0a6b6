// Proposes that learned patterns become one, or two. What was proposed before on the same evidence, whatever became of it, stays as it is.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (l:LearnedPattern {pattern_id: row.pattern_id})
MERGE (x:PlanProposal {proposal_id: row.proposal_id})
ON CREATE SET x.fresh = true, x.kind = row.kind, x.status = row.status, x.open_key = row.time_key, x.time_key = row.time_key,
  x.pattern_id = row.pattern_id, x.other_id = row.other_id, x.evidence = row.evidence, x.created_at = row.created_at
WITH x, l
WHERE x.fresh
SET x.fresh = null
CREATE (x)-[:CONCERNS]->(l)
