// The versions that have these bodies, of each at most so many.
// access: read
// parameters: digests, limit
// returns: version, metadata
UNWIND $digests AS digest
CALL {
  WITH digest
  MATCH (v:PatternVersion {body_digest: digest})
  RETURN v
  LIMIT $limit
}
MATCH (p:Pattern)-[:HAS_VERSION]->(v)
RETURN {node_id: v.node_id, pattern_type: v.pattern_type, pattern_name: v.pattern_name, pattern_id: v.pattern_id, version: v.version, created_at: v.created_at, label: v.label,
        template_hash: v.template_hash, body_digest: v.body_digest, definition_key: v.definition_key, tags: v.tags, status: v.status} AS version,
       p.metadata AS metadata
