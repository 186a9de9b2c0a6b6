// What it takes to draw versions, without their texts: those of each chunk of ranges of numbers as one list of lists
// [node_id, pattern_id, version, label, status, created_at, usage_count]. The numbers of a pattern have no gaps, so that each version is
// found by the index of its number.
// access: read
// parameters: chunks
// returns: outlines
UNWIND $chunks AS ranges
CALL {
  WITH ranges
  UNWIND ranges AS row
  UNWIND range(row.newest, row.oldest, -1) AS number
  MATCH (v:PatternVersion {pattern_id: row.pattern_id, version: number})
  RETURN collect([v.node_id, v.pattern_id, v.version, v.label, v.status, v.created_at, v.usage_count]) AS outlines
}
RETURN outlines
