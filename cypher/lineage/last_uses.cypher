// When a version of each of some patterns was used last, of those of which one was.
// access: read
// parameters: pattern_ids
// returns: pattern_id, last_used_at
UNWIND $pattern_ids AS id
MATCH (:Pattern {pattern_id: id})-[:HAS_VERSION]->(v:PatternVersion)
WHERE v.last_used_at IS NOT NULL
RETURN id AS pattern_id, max(v.last_used_at) AS last_used_at
