// The experiments and the runs over a pattern that still go on.
// access: read
// parameters: pattern_id
// returns: kind, key
MATCH (e:Experiment)
WHERE e.open_pattern_id = $pattern_id
RETURN 'experiment' AS kind, e.experiment_id AS key
UNION ALL
MATCH (p:Pattern {pattern_id: $pattern_id})<-[:ON]-(r:FeedbackRun)
WHERE r.open_status IS NOT NULL
RETURN 'run' AS kind, r.run_id AS key
