// Those of some versions with a tag that are not out of use, and that nothing uses.
// access: read
// parameters: node_ids, tag
// returns: node_id, status
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
WHERE $tag IN v.tags AND v.status IN ['active', 'draft'] AND NOT EXISTS { MATCH (:HookExecution)-[:USED]->(v) }
RETURN v.node_id AS node_id, v.status AS status
