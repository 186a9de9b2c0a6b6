// Has all traces looked at again: whoever learns begins with the first, and goes on to the last.
// access: write
// parameters: name, turn
// returns: nothing
MERGE (r:LearningRound {name: $name})
SET r.turn = $turn, r.round = coalesce(r.round, 0) + 1, r.backfilled_to = ''
