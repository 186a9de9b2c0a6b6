// Sets properties of a version; a null removes one.
// access: write
// parameters: node_id, properties
// returns: version
MATCH (v:PatternVersion {node_id: $node_id})
SET v += $properties
RETURN properties(v) AS version
