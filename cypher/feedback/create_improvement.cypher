// Makes an improvement of a pattern with its candidate version, which exists.
// access: write
// parameters: candidate_node_id, improvement
// returns: improvement_id
MATCH (p:Pattern)-[:HAS_VERSION]->(v:PatternVersion {node_id: $candidate_node_id})
CREATE (p)<-[:ON]-(i:Improvement)-[:CANDIDATE]->(v)
SET i = $improvement
RETURN i.improvement_id AS improvement_id
