// Serialises the transactions that draw edges between existing versions: two of them could close a cycle together.
// access: write
// parameters: turn
// returns: turn
MERGE (l:LineageLock {name: 'ancestry'})
SET l.turn = $turn
RETURN l.turn AS turn
