// The versions that uses of some names can be of, of each at most so many; with the text of those of which a digest may not tell.
// access: read
// parameters: keys, limit
// returns: version, metadata
UNWIND $keys AS key
CALL {
  WITH key
  MATCH (v:PatternVersion {definition_key: key})
  RETURN v
  LIMIT $limit
}
MATCH (p:Pattern)-[:HAS_VERSION]->(v)
RETURN {node_id: v.node_id, pattern_type: v.pattern_type, pattern_name: v.pattern_name, pattern_id: v.pattern_id, version: v.version, created_at: v.created_at, label: v.label,
        template_hash: v.template_hash, body_digest: v.body_digest, definition_key: v.definition_key, tags: v.tags,
        template_code: CASE WHEN v.template_code CONTAINS '$' OR v.template_code CONTAINS '!`' THEN v.template_code END} AS version,
       p.metadata AS metadata
