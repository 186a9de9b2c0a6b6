// Ties a batch to the schedule that started it.
// access: write
// parameters: batch_id, schedule_id
// returns: batch_id
MATCH (s:Schedule {schedule_id: $schedule_id})
MATCH (b:FeedbackBatch {batch_id: $batch_id})
CREATE (s)-[:STARTED]->(b)
RETURN b.batch_id AS batch_id
