// The versions of which the uses have yet to be looked at again, the longest due first.
// access: read
// parameters: before, limit
// returns: node_id, pattern_type, pattern_name, body_digest, link_key, updated_at
MATCH (v:PatternVersion)
WHERE v.link_key > '' AND v.link_key < $before
RETURN v.node_id AS node_id, v.pattern_type AS pattern_type, v.pattern_name AS pattern_name, v.body_digest AS body_digest,
       v.link_key AS link_key, v.updated_at AS updated_at
ORDER BY v.link_key
LIMIT $limit
