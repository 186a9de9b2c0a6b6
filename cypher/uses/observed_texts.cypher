// The texts of those of some versions that were made of what a model was given.
// access: read
// parameters: node_ids, tag
// returns: node_id, text
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
WHERE $tag IN v.tags
RETURN v.node_id AS node_id, v.template_code AS text
