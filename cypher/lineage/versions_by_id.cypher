// Versions by id.
// access: read
// parameters: node_ids
// returns: version
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
RETURN properties(v) AS version
