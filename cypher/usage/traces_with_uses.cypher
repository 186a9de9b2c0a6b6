// Traces by id, and whether patterns were used in them.
// access: read
// parameters: after, limit
// returns: correlation_id, uses
MATCH (t:Trace)
WHERE t.correlation_id > $after
RETURN t.correlation_id AS correlation_id, coalesce(t.uses, false) AS uses
ORDER BY t.correlation_id
LIMIT $limit
