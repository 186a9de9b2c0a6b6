// Versions without a commit that are in use though a commit has their very text, each with that commit's version.
// access: read
// parameters: pattern_ids, tag
// returns: node_id, committed, label
UNWIND $pattern_ids AS id
MATCH (w:PatternVersion {pattern_id: id})
WHERE w.status = 'active' AND $tag IN w.tags
MATCH (v:PatternVersion {pattern_id: id})
WHERE v.template_hash = w.template_hash AND v.status = 'active' AND NOT $tag IN v.tags
RETURN w.node_id AS node_id, v.node_id AS committed, v.label AS label
