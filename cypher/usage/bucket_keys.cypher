// The keys of buckets, in their order.
// access: read
// parameters: after, limit
// returns: key
MATCH (b:UsageBucket)
WHERE b.bucket_key > $after
RETURN b.bucket_key AS key
ORDER BY b.bucket_key
LIMIT $limit
