// Has all traces looked at once more: what agents did is counted then.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (r:LearningRound {name: row.key})
SET r.backfilled_to = null
RETURN count(*) AS written
