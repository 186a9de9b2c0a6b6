// Leaves an outbox to others.
// access: write
// parameters: name, owner, now
// returns: nothing
MATCH (o:Outbox {name: $name})
WHERE o.owner = $owner
SET o.owner = null, o.saved_at = $now
