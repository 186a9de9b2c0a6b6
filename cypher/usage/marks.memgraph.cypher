// Some of what is marked, as it comes. Nodes have numbers here.
// access: read
// parameters: limit
// returns: mark, label, key
MATCH (m:UsageMark)
RETURN toString(id(m)) AS mark, m.label AS label, m.key AS key
LIMIT $limit
UNION ALL
MATCH (m:PrunedMark)
RETURN toString(id(m)) AS mark, 'Trace' AS label, m.key AS key
LIMIT $limit
