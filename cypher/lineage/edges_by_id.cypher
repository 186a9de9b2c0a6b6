// Edges by id. One branch a type: an index serves only one type, and on the embedded engine only a WHERE.
// access: read
// parameters: edge_ids
// returns: edge, relationship_type
MATCH ()-[r:DERIVED_FROM]->()
WHERE r.edge_id IN $edge_ids
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:REFINED_FROM]->()
WHERE r.edge_id IN $edge_ids
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:IMPROVED_VERSION]->()
WHERE r.edge_id IN $edge_ids
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:FORKED_FROM]->()
WHERE r.edge_id IN $edge_ids
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:MERGED_INTO]->()
WHERE r.edge_id IN $edge_ids
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:DEPRECATED_BY]->()
WHERE r.edge_id IN $edge_ids
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:RELATED_TO]->()
WHERE r.edge_id IN $edge_ids
RETURN properties(r) AS edge, type(r) AS relationship_type
