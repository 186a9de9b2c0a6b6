// Takes over a writer of changes that its process has given back. The first SET takes the write lock.
// access: write
// parameters: owner, now
// returns: number, seq
MATCH (w:ChangeWriter)
WHERE w.owner IS NULL
WITH w
LIMIT 1
SET w.turn = $owner
WITH w
WHERE w.owner IS NULL
SET w.owner = $owner, w.at = $now
RETURN w.number AS number, w.seq AS seq
