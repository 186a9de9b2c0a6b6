// Some of what was marked until a time, as it comes: for each thing its marks, and when the first and the last were made.
// access: read
// parameters: limit, until
// returns: label, key, ids, first, last
MATCH (m:UsageMark)
WHERE coalesce(m.at, 0) <= $until
WITH m LIMIT $limit
RETURN m.label AS label, m.key AS key, collect(elementId(m)) AS ids, min(coalesce(m.at, 0)) AS first, max(coalesce(m.at, 0)) AS last
UNION ALL
MATCH (m:PrunedMark)
WITH m LIMIT $limit
RETURN 'Trace' AS label, m.key AS key, collect(elementId(m)) AS ids, 0 AS first, 0 AS last
