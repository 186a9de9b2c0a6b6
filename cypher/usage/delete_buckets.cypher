// Deletes buckets in which nothing is left.
// access: write
// parameters: keys
// returns: nothing
UNWIND $keys AS key
MATCH (b:UsageBucket {bucket_key: key})
DELETE b
WITH key
MATCH (d:UsageBreakdown {bucket_key: key})
DELETE d
