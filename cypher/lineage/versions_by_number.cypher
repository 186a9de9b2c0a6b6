// The ids of versions by their patterns and numbers.
// access: read
// parameters: wanted
// returns: pattern_id, node_id
UNWIND $wanted AS row
MATCH (v:PatternVersion {pattern_id: row.pattern_id, version: row.version})
RETURN v.pattern_id AS pattern_id, v.node_id AS node_id
