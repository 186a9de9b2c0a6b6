// Gives patterns what is true of them now, such as their names; versions keep what the pattern was when they were made. The uses that
// may be of the version in use are to be looked at again: where a pattern holds tells which ones are.
// access: write
// parameters: patterns
// returns: pattern_id
UNWIND $patterns AS row
MATCH (p:Pattern {pattern_id: row.pattern_id})
SET p += row.facts
WITH p, row
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
FOREACH (version IN CASE WHEN v IS NULL THEN [] ELSE [v] END | SET version.link_key = row.link_key)
RETURN p.pattern_id AS pattern_id
