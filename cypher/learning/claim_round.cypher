// Begins the next round of learning, if nobody has learned since what it goes by was read. The first SET takes the write lock.
// access: write
// parameters: name, round, turn, owner, until, backfilled_to
// returns: claimed
MERGE (r:LearningRound {name: $name})
SET r.turn = $turn
WITH r
WHERE coalesce(r.round, 0) = $round
SET r.round = $round + 1, r.owner = $owner, r.until = $until, r.backfilled_to = coalesce($backfilled_to, r.backfilled_to)
RETURN count(r) AS claimed
