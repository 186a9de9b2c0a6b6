// Those of some active versions with a tag that nothing uses.
// access: read
// parameters: node_ids, tag
// returns: node_id
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
WHERE $tag IN v.tags AND v.status = 'active' AND NOT EXISTS { MATCH (:HookExecution)-[:USED]->(v) }
RETURN v.node_id AS node_id
