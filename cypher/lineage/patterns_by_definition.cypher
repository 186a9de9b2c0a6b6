// The patterns of which versions are found by some keys of definitions (kind and name), with the versions in use.
// access: read
// parameters: keys, limit
// returns: pattern, current_node_id
UNWIND $keys AS key
MATCH (v:PatternVersion {definition_key: key})
MATCH (p:Pattern)-[:HAS_VERSION]->(v)
WITH DISTINCT p
LIMIT $limit
RETURN properties(p) AS pattern, head([(p)-[:CURRENT_VERSION]->(v:PatternVersion) | v.node_id]) AS current_node_id
