// How often the subjects of a kind were used over time, the most executions first: the stamps of their buckets and the executions
// in these, two lists in the same order. Of a key, the name is what is before the time.
// access: read
// parameters: since, until, digits, limit
// returns: subject, stamps, executions
MATCH (b:UsageBucket)
WHERE b.kind_key >= $since AND b.kind_key < $until
WITH left(b.bucket_key, size(b.bucket_key) - $digits) AS subject, sum(b.executions) AS total,
     collect(right(b.bucket_key, $digits)) AS stamps, collect(b.executions) AS executions
RETURN subject, stamps, executions
ORDER BY total DESC, subject
LIMIT $limit
