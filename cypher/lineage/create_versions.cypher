// Makes versions under their patterns.
// access: write
// parameters: versions
// returns: node_id
UNWIND $versions AS row
MATCH (p:Pattern {pattern_id: row.pattern_id})
CREATE (p)-[:HAS_VERSION]->(v:PatternVersion)
SET v = row
RETURN v.node_id AS node_id
