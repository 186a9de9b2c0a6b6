// Batches by id.
// access: read
// parameters: batch_ids
// returns: batch
UNWIND $batch_ids AS id
MATCH (b:FeedbackBatch {batch_id: id})
RETURN properties(b) AS batch
