// Some of what is marked, as it comes.
// access: read
// parameters: limit
// returns: mark, label, key
MATCH (m:UsageMark)
RETURN elementId(m) AS mark, m.label AS label, m.key AS key
LIMIT $limit
UNION ALL
MATCH (m:PrunedMark)
RETURN elementId(m) AS mark, 'Trace' AS label, m.key AS key
LIMIT $limit
