// Deletes a schedule; the batches that it started stay.
// access: write
// parameters: schedule_id
// returns: schedule_id
MATCH (s:Schedule {schedule_id: $schedule_id})
WITH s, s.schedule_id AS schedule_id
DETACH DELETE s
RETURN schedule_id
