// Batches of before an instant of which not all patterns have been tried, the oldest first.
// access: read
// parameters: before, limit
// returns: batch
MATCH (b:FeedbackBatch)
WHERE b.open_key < $before
RETURN properties(b) AS batch
ORDER BY b.open_key
LIMIT $limit
