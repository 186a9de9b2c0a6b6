// Gives patterns their names of now; versions keep the name that the pattern had when they were made.
// access: write
// parameters: patterns
// returns: pattern_id
UNWIND $patterns AS row
MATCH (p:Pattern {pattern_id: row.pattern_id})
SET p.name = row.name
RETURN p.pattern_id AS pattern_id
