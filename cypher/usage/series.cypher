// The buckets of subjects between keys, in the order of their keys, with what they hold.
// access: read
// parameters: rows, breakdowns
// returns: key, sums, breakdown
UNWIND $rows AS row
MATCH (b:UsageBucket)
WHERE b.bucket_key >= row.since AND b.bucket_key < row.until
OPTIONAL MATCH (d:UsageBreakdown {bucket_key: CASE WHEN $breakdowns THEN b.bucket_key ELSE '' END})
RETURN b.bucket_key AS key, b.sums AS sums, d.breakdown AS breakdown
