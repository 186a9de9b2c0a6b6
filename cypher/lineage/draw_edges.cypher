// Draws edges of one type between existing versions, each with the audit event that tells of it, which is about its target.
// access: write
// parameters: rows
// marks: LineageEvent rows.event.event_id
// returns: edge_id
UNWIND $rows AS row
MATCH (source:PatternVersion {node_id: row.edge.source_node_id})
MATCH (target:PatternVersion {node_id: row.edge.target_node_id})
CREATE (source)-[r:EDGE_TYPE]->(target)
SET r = row.edge
CREATE (e:LineageEvent)-[:ABOUT]->(target)
SET e = row.event
RETURN r.edge_id AS edge_id
