// Ties a watch to the version that its rollback made.
// access: write
// parameters: watch_id, node_id
// returns: watch_id
MATCH (w:Watch {watch_id: $watch_id})
MATCH (v:PatternVersion {node_id: $node_id})
CREATE (w)-[:ROLLED_BACK_TO]->(v)
RETURN w.watch_id AS watch_id
