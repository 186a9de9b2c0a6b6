// Takes the write lock of a watch and returns it as it is then.
// access: write
// parameters: watch_id, turn
// returns: watch
MATCH (w:Watch {watch_id: $watch_id})
SET w.turn = $turn
WITH w
RETURN properties(w) AS watch
