// The improvements that each of some runs took up, in the order it tests them.
// access: read
// parameters: run_ids
// returns: run_id, improvement
UNWIND $run_ids AS id
MATCH (:FeedbackRun {run_id: id})-[o:PROPOSED]->(i:Improvement)
RETURN id AS run_id, properties(i) AS improvement
ORDER BY o.position
