// Has buckets to itself until an instant (null: no longer), if nobody has changed any since they were read and nobody else has
// them. Others whose round has begun lose it; no day has changed.
// access: write
// parameters: name, round, owner, until, now, turn, changed
// returns: claimed
MERGE (r:UsageRound {name: $name})
SET r.turn = $turn
WITH r
WHERE coalesce(r.round, 0) = $round AND (coalesce(r.owner, $owner) = $owner OR r.until < $now)
SET r.round = $round + 1, r.owner = CASE WHEN $until IS NULL THEN null ELSE $owner END, r.until = $until,
    r.changed_days = ([$changed] + coalesce(r.changed_days, []))[..200]
RETURN count(r) AS claimed
