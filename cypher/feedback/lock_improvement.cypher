// Takes the write lock of an improvement and returns it as it is then.
// access: write
// parameters: improvement_id, turn
// returns: improvement
MATCH (i:Improvement {improvement_id: $improvement_id})
SET i.turn = $turn
WITH i
RETURN properties(i) AS improvement
