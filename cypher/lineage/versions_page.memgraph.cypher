// One page of the versions of each of some patterns, the newest below a version number. Memgraph's uniqueness constraints
// are no indexes, so the versions of a pattern are sorted here.
// access: read
// parameters: pattern_ids, below, limit
// returns: version
UNWIND $pattern_ids AS id
CALL {
  WITH id
  MATCH (v:PatternVersion {pattern_id: id})
  WHERE v.version < $below
  RETURN v
  ORDER BY v.version DESC
  LIMIT $limit
}
RETURN properties(v) AS version
