// The buckets of one subject between two keys, with what they hold, and (between two others) by what they are told apart: lists of
// pairs, a hundred each, which travel faster than as many records.
// access: read
// parameters: since, until, breakdowns_since, breakdowns_until
// returns: what, found
MATCH (b:UsageBucket)
WHERE b.bucket_key >= $since AND b.bucket_key < $until
WITH collect([b.bucket_key, b.sums]) AS every
UNWIND range(0, size(every) - 1, 100) AS begin
RETURN 'sums' AS what, every[begin..begin + 100] AS found
UNION ALL
MATCH (d:UsageBreakdown)
WHERE d.bucket_key >= $breakdowns_since AND d.bucket_key < $breakdowns_until
WITH collect([d.bucket_key, d.breakdown]) AS every
UNWIND range(0, size(every) - 1, 100) AS begin
RETURN 'breakdown' AS what, every[begin..begin + 100] AS found
