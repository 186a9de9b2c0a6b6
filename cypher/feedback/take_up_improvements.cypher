// Makes improvements those of a run, in the order of their positions, unless they were decided on meanwhile.
// access: write
// parameters: run_id, rows, turn, now
// marks: nothing
// returns: improvement_id
MATCH (r:FeedbackRun {run_id: $run_id})
UNWIND $rows AS row
MATCH (i:Improvement {improvement_id: row.improvement_id})
SET i.turn = $turn
WITH r, i, row
WHERE i.status = 'proposed'
SET i.run_id = $run_id, i.updated_at = $now
CREATE (r)-[:PROPOSED {position: row.position}]->(i)
RETURN i.improvement_id AS improvement_id
