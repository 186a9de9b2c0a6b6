// Those of some versions with a tag that are not out of use, and that nothing uses.
// access: read
// parameters: node_ids, tag
// returns: node_id, status
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
WHERE $tag IN v.tags AND v.status IN ['active', 'draft']
OPTIONAL MATCH (h:HookExecution)-[:USED]->(v)
WITH v, count(h) AS uses
WHERE uses = 0
RETURN v.node_id AS node_id, v.status AS status
