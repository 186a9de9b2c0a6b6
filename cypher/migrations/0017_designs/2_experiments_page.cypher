// Experiments by id, with the design that they may have already.
// access: read
// parameters: after, limit
// returns: key, design, metric
MATCH (e:Experiment)
WHERE e.experiment_id > $after
RETURN e.experiment_id AS key, e.design AS design, e.metric AS metric
ORDER BY e.experiment_id
LIMIT $limit
