// The pattern of each of some versions, and its kind.
// access: read
// parameters: node_ids
// returns: node_id, pattern_id, pattern_type
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
MATCH (p:Pattern {pattern_id: v.pattern_id})
RETURN id AS node_id, p.pattern_id AS pattern_id, p.pattern_type AS pattern_type
