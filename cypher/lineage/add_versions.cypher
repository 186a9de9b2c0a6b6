// Makes versions under their patterns, each with the audit event that tells of it. Those that are `current` take the mark of the
// version in use; of one pattern, one does at most.
// access: write
// parameters: rows
// returns: node_id
UNWIND $rows AS row
MATCH (p:Pattern {pattern_id: row.version.pattern_id})
CREATE (p)-[:HAS_VERSION]->(v:PatternVersion)
SET v = row.version
CREATE (e:LineageEvent)-[:ABOUT]->(v)
SET e = row.event
WITH p, v, row.current AS current
OPTIONAL MATCH (p)-[c:CURRENT_VERSION]->(:PatternVersion)
WHERE current
DELETE c
WITH DISTINCT p, v, current
FOREACH (_ IN CASE WHEN current THEN [1] ELSE [] END | CREATE (p)-[:CURRENT_VERSION]->(v))
RETURN v.node_id AS node_id
