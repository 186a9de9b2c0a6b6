// The versions of some patterns that have these names, of each the newest, at most so many; with the text of those of which a digest may
// not tell.
// access: read
// parameters: rows, limit
// returns: version, metadata
UNWIND $rows AS row
MATCH (p:Pattern {pattern_id: row.pattern_id})
CALL {
  WITH row
  MATCH (v:PatternVersion {pattern_id: row.pattern_id})
  WHERE v.definition_key = row.key
  RETURN v
  ORDER BY v.version DESC
  LIMIT $limit
}
RETURN {node_id: v.node_id, pattern_type: v.pattern_type, pattern_name: v.pattern_name, pattern_id: v.pattern_id, version: v.version,
        created_at: v.created_at, label: v.label, template_hash: v.template_hash, body_digest: v.body_digest,
        definition_key: v.definition_key, tags: v.tags, status: v.status,
        template_code: CASE WHEN v.template_code CONTAINS '$' OR v.template_code CONTAINS '!`' OR v.template_code CONTAINS '{'
                       THEN v.template_code END} AS version,
       p.metadata AS metadata
