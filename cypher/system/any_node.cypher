// Whether the database holds anything at all.
// access: read
// parameters: nothing
// returns: labels
MATCH (n)
RETURN labels(n) AS labels
LIMIT 1
