// What it takes to draw versions, without their texts: those of each chunk of ranges of numbers as one list of lists
// [node_id, pattern_id, version, label, status, created_at, usage_count]. Memgraph's uniqueness constraints are no indexes, so all versions
// of a pattern are looked at for each of its ranges.
// access: read
// parameters: chunks
// returns: outlines
UNWIND $chunks AS ranges
CALL {
  WITH ranges
  UNWIND ranges AS row
  MATCH (v:PatternVersion {pattern_id: row.pattern_id})
  WHERE v.version <= row.newest AND v.version >= row.oldest
  RETURN collect([v.node_id, v.pattern_id, v.version, v.label, v.status, v.created_at, v.usage_count]) AS outlines
}
RETURN outlines
