// Which of these versions exist.
// access: read
// parameters: node_ids
// returns: node_id
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
RETURN v.node_id AS node_id
