// Makes a batch.
// access: write
// parameters: batch
// returns: batch_id
CREATE (b:FeedbackBatch)
SET b = $batch
RETURN b.batch_id AS batch_id
