// Buckets as they are.
// access: read
// parameters: keys
// returns: key, sums, breakdown
UNWIND $keys AS key
MATCH (b:UsageBucket {bucket_key: key})
OPTIONAL MATCH (d:UsageBreakdown {bucket_key: key})
RETURN key, b.sums AS sums, d.breakdown AS breakdown
