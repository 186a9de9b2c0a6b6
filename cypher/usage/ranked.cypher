// The subjects of a kind by how many executions they have between keys, the most first. Of a key, the name is what is before
// the time. Grouped at once: to hand whole nodes on to a second step takes the embedded engine twice as long.
// access: read
// parameters: since, until, digits, limit
// returns: subject, executions, successes, failures
MATCH (b:UsageBucket)
WHERE b.kind_key >= $since AND b.kind_key < $until
RETURN left(b.bucket_key, size(b.bucket_key) - $digits) AS subject, sum(b.executions) AS executions,
       sum(b.successes) AS successes, sum(b.failures) AS failures
ORDER BY executions DESC, subject
LIMIT $limit
