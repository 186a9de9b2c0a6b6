// Takes an outbox if nobody else has it; says whether it is taken. The first SET takes the write lock.
// access: write
// parameters: name, owner, now, until
// returns: outbox, taken
MATCH (o:Outbox {name: $name})
SET o.turn = $owner
WITH o, (o.owner IS NULL OR o.owner = $owner OR o.leased_until < $now) AS free
SET o.owner = CASE WHEN free THEN $owner ELSE o.owner END,
    o.leased_until = CASE WHEN free THEN $until ELSE o.leased_until END
RETURN properties(o) AS outbox, free AS taken
