// The runs between two keys of the order of time, oldest first: the ids of those of a pattern (null: any). Others have no id.
// access: read
// parameters: after, before, pattern_id, limit
// returns: key, id, weight
MATCH (r:FeedbackRun)
WHERE r.time_key > $after AND r.time_key < $before
RETURN r.time_key AS key, CASE WHEN $pattern_id IS NULL OR r.pattern_id = $pattern_id THEN r.run_id END AS id,
  coalesce(size(r.analysis), 0) + coalesce(size(r.message), 0) AS weight
ORDER BY r.time_key
LIMIT $limit
