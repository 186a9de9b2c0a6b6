// Begins watches on versions that decisions put into use, once for each decision. The first SET takes the write lock, so that of
// two that begin the same, the second reads what the first has written.
// access: write
// parameters: rows
// returns: watch_id
UNWIND $rows AS row
MATCH (d:Decision {decision_id: row.decision_id})
SET d.watch_turn = row.turn
WITH d, row
WHERE d.watch_due = 'due'
SET d.watch_due = null
WITH d, row
MATCH (v:PatternVersion {node_id: row.node_id})
CREATE (w:Watch)-[:WATCHES]->(v)
CREATE (w)-[:AGAINST]->(d)
SET w = row.watch
RETURN w.watch_id AS watch_id
