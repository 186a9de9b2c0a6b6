// One page of the versions of each of some patterns, newest first, below a version number.
// access: read
// parameters: pattern_ids, below, limit
// returns: pattern_id, version
UNWIND $pattern_ids AS id
CALL {
  WITH id
  MATCH (v:PatternVersion {pattern_id: id})
  WHERE v.version < $below
  RETURN v
  ORDER BY v.version DESC
  LIMIT $limit
}
RETURN id AS pattern_id, properties(v) AS version
