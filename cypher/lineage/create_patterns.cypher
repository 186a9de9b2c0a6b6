// Makes patterns, without versions.
// access: write
// parameters: patterns
// returns: pattern_id
UNWIND $patterns AS row
CREATE (p:Pattern)
SET p = row
RETURN p.pattern_id AS pattern_id
