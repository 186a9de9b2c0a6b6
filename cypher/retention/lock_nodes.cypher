// Takes the write locks of nodes of one label.
// access: write
// parameters: keys, turn
// returns: nothing
UNWIND $keys AS key
MATCH (n:NODE_LABEL {NODE_KEY: key})
SET n.turn = $turn
