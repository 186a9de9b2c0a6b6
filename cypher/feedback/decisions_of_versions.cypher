// The decision that approved each of some versions.
// access: read
// parameters: node_ids
// returns: node_id, decision
UNWIND $node_ids AS id
MATCH (:PatternVersion {node_id: id})<-[:APPROVED]-(d:Decision)
RETURN id AS node_id, properties(d) AS decision
