// Gives patterns what is true of them now, such as their names; versions keep what the pattern was when they were made.
// access: write
// parameters: patterns
// returns: pattern_id
UNWIND $patterns AS row
MATCH (p:Pattern {pattern_id: row.pattern_id})
SET p += row.facts
RETURN p.pattern_id AS pattern_id
