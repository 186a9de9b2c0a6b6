// Takes the write lock of a version and returns it as it is then.
// access: write
// parameters: node_id, now
// returns: version
MATCH (v:PatternVersion {node_id: $node_id})
SET v.updated_at = $now
WITH v
RETURN properties(v) AS version
