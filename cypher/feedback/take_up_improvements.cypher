// Makes improvements those of a run, in this order, unless they were decided on meanwhile.
// access: write
// parameters: run_id, improvement_ids, turn, now
// returns: improvement_id
MATCH (r:FeedbackRun {run_id: $run_id})
UNWIND range(0, size($improvement_ids) - 1) AS position
MATCH (i:Improvement {improvement_id: $improvement_ids[position]})
SET i.turn = $turn
WITH r, i, position
WHERE i.status = 'proposed'
SET i.run_id = $run_id, i.updated_at = $now
CREATE (r)-[:PROPOSED {position: position}]->(i)
RETURN i.improvement_id AS improvement_id
