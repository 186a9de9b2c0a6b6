// The plain counts of buckets of subjects between keys: a list for each subject.
// access: read
// parameters: rows
// returns: counts
UNWIND $rows AS row
MATCH (b:UsageBucket)
WHERE b.bucket_key >= row.since AND b.bucket_key < row.until
WITH row.since AS since, collect([b.bucket_key, b.executions, b.successes, b.failures]) AS counts
RETURN counts
