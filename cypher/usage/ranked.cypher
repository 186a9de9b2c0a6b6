// The subjects of a kind by how many executions they have between keys, the most first. Of a key, the name is what is before
// the time.
// access: read
// parameters: since, until, digits, limit
// returns: subject, executions, successes, failures
MATCH (b:UsageBucket)
WHERE b.kind_key >= $since AND b.kind_key < $until
WITH left(b.bucket_key, size(b.bucket_key) - $digits) AS subject, b
WITH subject, sum(b.executions) AS executions, sum(b.successes) AS successes, sum(b.failures) AS failures
RETURN subject, executions, successes, failures
ORDER BY executions DESC, subject
LIMIT $limit
