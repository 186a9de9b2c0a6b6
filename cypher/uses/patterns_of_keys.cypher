// The patterns that have versions of some names.
// access: read
// parameters: keys
// returns: key, pattern_id, metadata
UNWIND $keys AS key
MATCH (v:PatternVersion {definition_key: key})
WITH DISTINCT key, v.pattern_id AS pattern_id
MATCH (p:Pattern {pattern_id: pattern_id})
RETURN key, pattern_id, p.metadata AS metadata
