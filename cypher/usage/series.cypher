// The buckets of some keys, with what they hold and by what that is told apart: lists, a hundred each, which travel faster than as many records. By keys, because a
// range that differs from row to row is served by no index of the embedded engine.
// access: read
// parameters: keys
// returns: found
UNWIND $keys AS key
MATCH (b:UsageBucket {bucket_key: key})
OPTIONAL MATCH (d:UsageBreakdown {bucket_key: b.bucket_key})
WITH collect([b.bucket_key, b.sums, d.breakdown]) AS every
UNWIND range(0, size(every) - 1, 100) AS begin
RETURN every[begin..begin + 100] AS found
