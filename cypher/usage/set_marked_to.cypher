// Notes how far the traces are marked that earlier criteria judged (null: all), if it was so far and these criteria are still kept.
// access: write
// parameters: name, criteria, after, marked_to, turn
// returns: claimed
MATCH (r:UsageRound {name: $name})
SET r.turn = $turn
WITH r
WHERE r.criteria = $criteria AND r.marked_to = $after
SET r.marked_to = $marked_to
RETURN count(r) AS claimed
