// The plain counts between keys of all subjects of a kind that have any, at most so many: [subject, executions, successes, failures] in
// lists of 500, which travel several times as fast as so many records, in any order.
// access: read
// parameters: since, until, digits, limit
// returns: counts
MATCH (b:UsageBucket)
WHERE b.kind_key >= $since AND b.kind_key < $until
WITH left(b.bucket_key, size(b.bucket_key) - $digits) AS subject, sum(b.executions) AS executions,
     sum(b.successes) AS successes, sum(b.failures) AS failures
LIMIT $limit
WITH collect([subject, executions, successes, failures]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN every[begin..begin + 500] AS counts
