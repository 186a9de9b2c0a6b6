// The buckets of some subjects of a kind, by what their keys begin with, over a time that may be long: all of the kind are looked at.
// access: read
// parameters: since, until, digits, subjects, breakdowns
// returns: key, sums, breakdown
MATCH (b:UsageBucket)
WHERE b.kind_key >= $since AND b.kind_key < $until AND left(b.bucket_key, size(b.bucket_key) - $digits) IN $subjects
OPTIONAL MATCH (d:UsageBreakdown {bucket_key: CASE WHEN $breakdowns THEN b.bucket_key ELSE '' END})
RETURN b.bucket_key AS key, b.sums AS sums, d.breakdown AS breakdown
