// Makes an outbox, which is taken.
// access: write
// parameters: name, owner, now, until, cursor
// returns: outbox, taken
CREATE (o:Outbox {name: $name, number: 0, cursor: $cursor, complete_at: $now, owner: $owner, leased_until: $until})
RETURN properties(o) AS outbox, true AS taken
