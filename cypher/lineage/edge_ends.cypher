// The patterns of the two ends of edges of one type that are to be drawn, and whether an open one connects them already. Pairs of
// which an end is unknown are absent. The lock of lock_ancestry is taken first, so that what is read is still so when they are drawn.
// access: write
// parameters: pairs, turn
// returns: source_node_id, target_node_id, source_pattern_id, target_pattern_id, connected
MERGE (l:LineageLock {name: 'ancestry'})
SET l.turn = $turn
WITH l
UNWIND $pairs AS row
MATCH (source:PatternVersion {node_id: row.source_node_id})
MATCH (target:PatternVersion {node_id: row.target_node_id})
OPTIONAL MATCH (source)-[r:EDGE_TYPE]->(target)
WHERE r.valid_to IS NULL
RETURN source.node_id AS source_node_id, target.node_id AS target_node_id, source.pattern_id AS source_pattern_id,
  target.pattern_id AS target_pattern_id, count(r) > 0 AS connected
