// Versions by the digests of their bodies, of each at most so many.
// access: read
// parameters: body_digests, limit
// returns: body_digest, versions
UNWIND $body_digests AS digest
CALL {
  WITH digest
  MATCH (v:PatternVersion {body_digest: digest})
  WITH v LIMIT $limit
  RETURN collect({node_id: v.node_id, pattern_id: v.pattern_id, pattern_type: v.pattern_type, pattern_name: v.pattern_name,
                  status: v.status, template_hash: v.template_hash, tags: v.tags, created_at: v.created_at}) AS versions
}
RETURN digest AS body_digest, versions
