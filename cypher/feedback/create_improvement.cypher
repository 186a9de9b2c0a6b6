// Makes an improvement of an existing candidate version.
// access: write
// parameters: candidate_node_id, improvement
// returns: improvement_id
MATCH (v:PatternVersion {node_id: $candidate_node_id})
CREATE (i:Improvement)-[:CANDIDATE]->(v)
SET i = $improvement
RETURN i.improvement_id AS improvement_id
