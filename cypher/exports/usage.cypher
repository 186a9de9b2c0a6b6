// The buckets of a kind between two keys, by time, and how many characters are in them.
// access: read
// parameters: after, before, limit
// returns: key, id, weight
MATCH (b:UsageBucket)
WHERE b.kind_key > $after AND b.kind_key < $before
RETURN b.kind_key AS key, b.bucket_key AS id, coalesce(size(b.sums), 0) AS weight
ORDER BY b.kind_key
LIMIT $limit
