// The plain counts of the buckets of one subject between two keys, as one list.
// access: read
// parameters: since, until
// returns: counts
MATCH (b:UsageBucket)
WHERE b.bucket_key >= $since AND b.bucket_key < $until
RETURN collect([b.bucket_key, b.executions, b.successes, b.failures]) AS counts
