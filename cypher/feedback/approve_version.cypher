// Ties a version to the decision that approved it.
// access: write
// parameters: decision_id, node_id
// returns: decision_id
MATCH (d:Decision {decision_id: $decision_id})
MATCH (v:PatternVersion {node_id: $node_id})
CREATE (d)-[:APPROVED]->(v)
RETURN d.decision_id AS decision_id
