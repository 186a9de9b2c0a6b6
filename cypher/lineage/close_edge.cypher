// Ends the interval of an open edge.
// access: write
// parameters: edge_id, source_node_id, valid_to, reason
// returns: edge_id
MATCH (:PatternVersion {node_id: $source_node_id})-[r:EDGE_TYPE]->(:PatternVersion)
WHERE r.edge_id = $edge_id
SET r.valid_to = $valid_to, r.active = false, r.deactivation_reason = $reason
RETURN r.edge_id AS edge_id
