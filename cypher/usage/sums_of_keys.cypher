// The buckets of some keys, with what they hold and without what tells that apart: as `series`, at half of its cost.
// access: read
// parameters: keys
// returns: found
UNWIND $keys AS key
MATCH (b:UsageBucket {bucket_key: key})
WITH collect([b.bucket_key, b.sums, null]) AS every
UNWIND range(0, size(every) - 1, 100) AS begin
RETURN every[begin..begin + 100] AS found
