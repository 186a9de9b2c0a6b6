// Makes a writer of changes, which has written none.
// access: write
// parameters: number, owner, now
// returns: number, seq
CREATE (w:ChangeWriter {number: $number, owner: $owner, seq: 0, floor: 0, at: $now})
RETURN w.number AS number, w.seq AS seq
