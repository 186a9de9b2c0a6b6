// Notes what became of the patterns of a batch, if nobody has. The first SET takes the write lock, so that of two the second sees
// what the first has written.
// access: write
// parameters: batch_id, turn, changes
// returns: batch
MATCH (b:FeedbackBatch {batch_id: $batch_id})
SET b.turn = $turn
WITH b
WHERE b.completed_at IS NULL
SET b += $changes
RETURN properties(b) AS batch
