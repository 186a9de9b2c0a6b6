// Makes a run and marks it as the one open run of its pattern.
// access: write
// parameters: pattern_id, run_id, run
// marks: FeedbackRun run_id
// returns: run_id
MATCH (p:Pattern {pattern_id: $pattern_id})
CREATE (r:FeedbackRun)-[:ON]->(p)
SET r = $run
SET p.open_run_id = $run_id
RETURN r.run_id AS run_id
