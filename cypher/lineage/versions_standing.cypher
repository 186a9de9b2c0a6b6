// The patterns and statuses of those of some versions that exist, without their content.
// access: read
// parameters: node_ids
// returns: node_id, pattern_id, status
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
RETURN v.node_id AS node_id, v.pattern_id AS pattern_id, v.status AS status
