// Improvements by id, with what they change.
// access: read
// parameters: after, limit
// returns: key, proposed_changes
MATCH (i:Improvement)
WHERE i.improvement_id > $after
RETURN i.improvement_id AS key, i.proposed_changes AS proposed_changes
ORDER BY i.improvement_id
LIMIT $limit
