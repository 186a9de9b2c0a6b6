// Keeps how far an outbox is, if its process still has it. The first SET takes the write lock.
// access: write
// parameters: name, owner, now, until, number, cursor, next_cursor, complete_at
// returns: name
MATCH (o:Outbox {name: $name})
WHERE o.owner = $owner
SET o.turn = $owner
WITH o
WHERE o.owner = $owner
SET o.number = $number, o.cursor = $cursor, o.next_cursor = $next_cursor, o.leased_until = $until,
    o.complete_at = coalesce($complete_at, o.complete_at), o.saved_at = $now
RETURN o.name AS name
