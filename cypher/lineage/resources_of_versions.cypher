// What lay beside skills while these versions stood.
// access: read
// parameters: node_ids
// returns: node_id, resources
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
RETURN v.node_id AS node_id, v.resources AS resources
