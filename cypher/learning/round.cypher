// The number of the next round of learning, who had the last one and how long others leave it to him, and how far the traces are
// looked at that were there before anybody learned (null: not begun, '~': all).
// access: read
// parameters: name
// returns: round, owner, until, backfilled_to
MATCH (r:LearningRound {name: $name})
RETURN coalesce(r.round, 0) AS round, r.owner AS owner, r.until AS until, r.backfilled_to AS backfilled_to
