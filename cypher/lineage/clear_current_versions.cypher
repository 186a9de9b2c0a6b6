// Takes the mark of the version in use away from patterns.
// access: write
// parameters: pattern_ids
// returns: pattern_id
UNWIND $pattern_ids AS id
MATCH (p:Pattern {pattern_id: id})
OPTIONAL MATCH (p)-[c:CURRENT_VERSION]->(:PatternVersion)
DELETE c
RETURN DISTINCT p.pattern_id AS pattern_id
