// Takes the mark of the version in use away.
// access: write
// parameters: pattern_id
// returns: pattern_id
MATCH (p:Pattern {pattern_id: $pattern_id})
OPTIONAL MATCH (p)-[c:CURRENT_VERSION]->(:PatternVersion)
DELETE c
RETURN DISTINCT p.pattern_id AS pattern_id
