// The experiments after an id, in the order of ids: the ids of those of a pattern (null: any). Others have no id.
// access: read
// parameters: after, pattern_id, limit
// returns: key, id
MATCH (e:Experiment)
WHERE e.experiment_id > $after
RETURN e.experiment_id AS key, CASE WHEN $pattern_id IS NULL OR e.pattern_id = $pattern_id THEN e.experiment_id END AS id
ORDER BY e.experiment_id
LIMIT $limit
