// What traces have contributed, by their ids.
// access: read
// parameters: after, limit
// returns: correlation_id, contribution
MATCH (c:CountedTrace)
WHERE c.correlation_id > $after
RETURN c.correlation_id AS correlation_id, c.contribution AS contribution
ORDER BY c.correlation_id
LIMIT $limit
