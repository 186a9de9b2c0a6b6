// Makes versions under their patterns, each with the audit event that tells of it and with edges of one type from versions that
// are there, or come before it. Those that are `current` take the mark of the version in use; of one pattern, one does at most.
// Without all of its edges, a version is not in the answer. The empty text stands for no source, as in create_events.
// access: write
// parameters: rows
// marks: LineageEvent rows.event.event_id
// returns: node_id
UNWIND $rows AS row
MATCH (p:Pattern {pattern_id: row.version.pattern_id})
CREATE (p)-[:HAS_VERSION]->(v:PatternVersion)
SET v = row.version
CREATE (e:LineageEvent)-[:ABOUT]->(v)
SET e = row.event
WITH p, v, row
OPTIONAL MATCH (p)-[c:CURRENT_VERSION]->(:PatternVersion)
WHERE row.current
DELETE c
WITH DISTINCT p, v, row
FOREACH (_ IN CASE WHEN row.current THEN [1] ELSE [] END | CREATE (p)-[:CURRENT_VERSION]->(v))
WITH v, row
UNWIND CASE WHEN size(row.edges) = 0 THEN [null] ELSE row.edges END AS edge
OPTIONAL MATCH (source:PatternVersion {node_id: coalesce(edge.source_node_id, '')})
FOREACH (_ IN CASE WHEN source IS NULL THEN [] ELSE [1] END | CREATE (source)-[r:EDGE_TYPE]->(v) SET r = edge)
WITH v, row, count(source) AS drawn
WHERE drawn = size(row.edges)
RETURN v.node_id AS node_id
