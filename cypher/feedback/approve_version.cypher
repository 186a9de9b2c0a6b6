// Ties a version to the decision that approved it, which says what the version replaced and, where an experiment speaks for it,
// that it is to be watched.
// access: write
// parameters: decision_id, node_id, replaced_node_id
// returns: decision_id
MATCH (d:Decision {decision_id: $decision_id})
MATCH (v:PatternVersion {node_id: $node_id})
CREATE (d)-[:APPROVED]->(v)
SET d.replaced_node_id = $replaced_node_id, d.watch_due = CASE WHEN d.experiment_id IS NULL THEN null ELSE 'due' END
RETURN d.decision_id AS decision_id
