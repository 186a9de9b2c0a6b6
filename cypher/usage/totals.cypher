// How many marks, traces that were counted and buckets there are.
// access: read
// parameters: nothing
// returns: label, count
MATCH (m:UsageMark)
RETURN 'UsageMark' AS label, count(m) AS count
UNION ALL
MATCH (c:CountedTrace)
RETURN 'CountedTrace' AS label, count(c) AS count
UNION ALL
MATCH (b:UsageBucket)
RETURN 'UsageBucket' AS label, count(b) AS count
