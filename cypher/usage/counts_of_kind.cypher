// The plain counts of some subjects of a kind over a time that may be long: a list for each.
// access: read
// parameters: since, until, digits, subjects
// returns: counts
MATCH (b:UsageBucket)
WHERE b.kind_key >= $since AND b.kind_key < $until AND left(b.bucket_key, size(b.bucket_key) - $digits) IN $subjects
WITH left(b.bucket_key, size(b.bucket_key) - $digits) AS subject,
     collect([b.bucket_key, b.executions, b.successes, b.failures]) AS counts
RETURN counts
