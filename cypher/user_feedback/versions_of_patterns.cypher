// The versions of each of some patterns.
// access: read
// parameters: pattern_ids
// returns: id, node_ids
UNWIND $pattern_ids AS id
MATCH (:Pattern {pattern_id: id})-[:HAS_VERSION]->(v:PatternVersion)
RETURN id, collect(v.node_id) AS node_ids
