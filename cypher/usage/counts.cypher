// The plain counts of the buckets of some keys: a list for each subject, whose key ends before the time.
// access: read
// parameters: keys, digits
// returns: counts
UNWIND $keys AS key
MATCH (b:UsageBucket {bucket_key: key})
WITH left(b.bucket_key, size(b.bucket_key) - $digits) AS subject,
     collect([b.bucket_key, b.executions, b.successes, b.failures]) AS counts
RETURN counts
