// Takes the lock that makes restorings wait for each other: relationships are looked up before they are drawn.
// access: write
// parameters: turn
// returns: nothing
MERGE (l:LineageLock {name: 'restoring'})
SET l.turn = $turn
