// Lets the next run of a pattern start.
// access: write
// parameters: pattern_id, run_id
// returns: pattern_id
MATCH (p:Pattern {pattern_id: $pattern_id})
WHERE p.open_run_id = $run_id
SET p.open_run_id = null
RETURN p.pattern_id AS pattern_id
