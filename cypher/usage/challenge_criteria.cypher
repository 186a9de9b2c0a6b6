// Says that somebody would rather count by these criteria, or (null) that somebody still counts by those that are kept.
// access: write
// parameters: name, challenger
// returns: written
MERGE (r:UsageRound {name: $name})
SET r.challenger = $challenger
RETURN count(r) AS written
