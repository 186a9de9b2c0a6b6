// Begins the next change of buckets, if nobody has changed any since they were read, and says of which days. The first SET takes the
// write lock.
// access: write
// parameters: name, round, turn, changed
// returns: claimed
MERGE (r:UsageRound {name: $name})
SET r.turn = $turn
WITH r
WHERE coalesce(r.round, 0) = $round
SET r.round = $round + 1, r.changed_days = ([$changed] + coalesce(r.changed_days, []))[..200]
RETURN count(r) AS claimed
