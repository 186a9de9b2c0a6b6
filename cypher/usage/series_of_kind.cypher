// The buckets of some subjects of a kind, by what their keys begin with, over a time that may be long, as `series` has them: all of
// the kind are looked at.
// access: read
// parameters: since, until, digits, subjects, breakdowns
// returns: found
MATCH (b:UsageBucket)
WHERE b.kind_key >= $since AND b.kind_key < $until AND left(b.bucket_key, size(b.bucket_key) - $digits) IN $subjects
OPTIONAL MATCH (d:UsageBreakdown {bucket_key: CASE WHEN $breakdowns THEN b.bucket_key ELSE '' END})
WITH collect([b.bucket_key, b.sums, d.breakdown]) AS every
UNWIND range(0, size(every) - 1, 100) AS begin
RETURN every[begin..begin + 100] AS found
