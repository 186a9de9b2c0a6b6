// Begins the next change of buckets, if nobody has changed any since they were read. The first SET takes the write lock.
// access: write
// parameters: name, round, turn
// returns: claimed
MERGE (r:UsageRound {name: $name})
SET r.turn = $turn
WITH r
WHERE coalesce(r.round, 0) = $round
SET r.round = $round + 1
RETURN count(r) AS claimed
