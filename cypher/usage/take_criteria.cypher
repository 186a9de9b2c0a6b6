// Counts by these criteria from now on, if nobody has changed any buckets since they were read. Others whose round has begun lose it;
// no day has changed.
// access: write
// parameters: name, round, criteria, turn, changed
// returns: claimed
MERGE (r:UsageRound {name: $name})
SET r.turn = $turn
WITH r
WHERE coalesce(r.round, 0) = $round
SET r.round = $round + 1, r.criteria = $criteria, r.challenger = null, r.marked_to = '',
    r.changed_days = ([$changed] + coalesce(r.changed_days, []))[..200]
RETURN count(r) AS claimed
