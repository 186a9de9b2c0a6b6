// Takes the write lock of a pattern for the loop and returns its open run and its version in use.
// access: write
// parameters: pattern_id, turn
// returns: open_run_id, current_node_id
MATCH (p:Pattern {pattern_id: $pattern_id})
SET p.loop_turn = $turn
WITH p
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN p.open_run_id AS open_run_id, v.node_id AS current_node_id
