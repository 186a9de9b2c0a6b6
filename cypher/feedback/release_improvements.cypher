// Gives back the improvements that a run has not decided on: they are proposed again.
// access: write
// parameters: run_id, turn, now
// marks: nothing
// returns: improvement_id
MATCH (:FeedbackRun {run_id: $run_id})-[:PROPOSED]->(i:Improvement)
SET i.turn = $turn
WITH i
WHERE i.run_id = $run_id AND i.status IN ['proposed', 'testing']
SET i.status = 'proposed', i.run_id = null, i.updated_at = $now
RETURN i.improvement_id AS improvement_id
