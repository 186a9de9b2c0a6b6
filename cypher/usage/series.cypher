// The buckets of some keys, with what they hold. By keys, because a range that differs from row to row is served by no index of the
// embedded engine.
// access: read
// parameters: keys, breakdowns
// returns: key, sums, breakdown
UNWIND $keys AS key
MATCH (b:UsageBucket {bucket_key: key})
OPTIONAL MATCH (d:UsageBreakdown {bucket_key: CASE WHEN $breakdowns THEN b.bucket_key ELSE '' END})
RETURN b.bucket_key AS key, b.sums AS sums, d.breakdown AS breakdown
