// Gives back writers of changes, each with the number of its last change.
// access: write
// parameters: rows, owner, now
// returns: number
UNWIND $rows AS row
MATCH (w:ChangeWriter {number: row.number})
WHERE w.owner = $owner
SET w.owner = null, w.seq = row.seq, w.at = $now
RETURN w.number AS number
