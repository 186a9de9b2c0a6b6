// An edge by its id. One branch a type: an index serves only one type.
// access: read
// parameters: edge_id
// returns: edge, relationship_type
MATCH ()-[r:DERIVED_FROM {edge_id: $edge_id}]->()
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:REFINED_FROM {edge_id: $edge_id}]->()
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:IMPROVED_VERSION {edge_id: $edge_id}]->()
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:FORKED_FROM {edge_id: $edge_id}]->()
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:MERGED_INTO {edge_id: $edge_id}]->()
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:DEPRECATED_BY {edge_id: $edge_id}]->()
RETURN properties(r) AS edge, type(r) AS relationship_type
UNION ALL
MATCH ()-[r:RELATED_TO {edge_id: $edge_id}]->()
RETURN properties(r) AS edge, type(r) AS relationship_type
